using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>A value written as JSON into pooled memory.</summary>
internal sealed class PooledJson : IBufferWriter<byte>, IDisposable
{
    private MessageBuffer _buffer;

    public ReadOnlyMemory<byte> Write<T>(T value, JsonTypeInfo<T> typeInfo)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        using var writer = new Utf8JsonWriter(this);
        JsonSerializer.Serialize(writer, value, typeInfo);
        writer.Flush();
        return _buffer.Memory;
    }

    /// <summary>Hands the memory to the caller, who returns it to the shared pool.</summary>
    public byte[] Detach(out int lengthBytes) => _buffer.Detach(out lengthBytes) ?? ArrayPool<byte>.Shared.Rent(1);

    public void Advance(int count) => _buffer.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(Math.Max(sizeHint, 256));

    public Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(Math.Max(sizeHint, 256));

    public void Dispose() => _buffer.Return();
}
