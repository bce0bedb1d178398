using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>A message in pooled memory of its own. Whoever holds it disposes it, once; the reader of <see cref="WebSocketConnection.ReadAllAsync"/> does so by itself.</summary>
public readonly struct ReceivedMessage : IDisposable
{
    private readonly byte[]? _rented;
    private readonly int _length;

    internal ReceivedMessage(byte[]? rented, int length, bool isText)
    {
        _rented = rented;
        _length = length;
        IsText = isText;
    }

    /// <summary>The payload: UTF-8, already checked, when <see cref="IsText"/>. Valid until the message is disposed.</summary>
    public ReadOnlyMemory<byte> Data => _rented.AsMemory(0, _length);

    /// <summary>Whether the message is text; else it is binary.</summary>
    public bool IsText { get; }

    /// <summary>The payload as a string. Allocates it.</summary>
    public string GetText() => Encoding.UTF8.GetString(Data.Span);

    /// <summary>The payload read as JSON by source-generated metadata.</summary>
    /// <exception cref="JsonException">The payload is no JSON of that shape.</exception>
    public T? ReadJson<T>(JsonTypeInfo<T> typeInfo) => JsonSerializer.Deserialize(Data.Span, typeInfo);

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }

    internal static ReceivedMessage Copy(ReadOnlySpan<byte> data, bool isText)
    {
        if (data.IsEmpty)
        {
            return new ReceivedMessage(null, 0, isText);
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(rented);
        return new ReceivedMessage(rented, data.Length, isText);
    }
}
