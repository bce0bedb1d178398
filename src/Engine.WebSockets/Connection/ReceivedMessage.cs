using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>
/// A received message in pooled memory. One that a reading loop gives out belongs to the loop and is valid until the next is asked for; disposing it does
/// nothing. One that <see cref="WebSocketMessage.Take"/> gave out is valid until it is disposed; disposing it again, or a copy of it, does nothing.
/// Reading a message after its end throws <see cref="ObjectDisposedException"/>: never does it show bytes of another connection.
/// </summary>
public readonly struct ReceivedMessage : IDisposable
{
    private readonly MessageMemory? _memory;
    private readonly int _generation;
    private readonly bool _isBorrowed;

    internal ReceivedMessage(MessageMemory memory, int generation, bool isText, bool isBorrowed)
    {
        _memory = memory;
        _generation = generation;
        _isBorrowed = isBorrowed;
        IsText = isText;
    }

    /// <summary>The payload: UTF-8, already checked, when <see cref="IsText"/>. Valid until the end of the message.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed, or the next one was asked for.</exception>
    public ReadOnlyMemory<byte> Data => _memory is null ? default : _memory.Read(_generation);

    /// <summary>Whether the message is text; else it is binary.</summary>
    public bool IsText { get; }

    /// <summary>The payload as a string. Allocates it.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed, or the next one was asked for.</exception>
    public string GetText() => Encoding.UTF8.GetString(Data.Span);

    /// <summary>The payload read as JSON by source-generated metadata.</summary>
    /// <exception cref="JsonException">The payload is no JSON of that shape.</exception>
    /// <exception cref="ObjectDisposedException">The message was disposed, or the next one was asked for.</exception>
    public T? ReadJson<T>(JsonTypeInfo<T> typeInfo) => JsonSerializer.Deserialize(Data.Span, typeInfo);

    /// <summary>Gives the memory of a message that was taken back to the pool. Without effect on one of a reading loop, and when it was done before.</summary>
    public void Dispose()
    {
        if (!_isBorrowed)
        {
            _memory?.Release(_generation);
        }
    }

    /// <summary>Makes a message with memory of its own.</summary>
    internal static ReceivedMessage Own(MessageBytes bytes)
    {
        var memory = new MessageMemory();
        return new ReceivedMessage(memory, memory.Hold(bytes.Rented, bytes.LengthBytes), bytes.IsText, isBorrowed: false);
    }

    /// <summary>Ends a borrowed message: its reader goes on to the next.</summary>
    internal void Release() => _memory?.Release(_generation);

    /// <summary>Keeps the bytes for a send, until <see cref="EndSend"/>.</summary>
    internal ReadOnlyMemory<byte> BeginSend() => _memory is null ? default : _memory.BeginSend(_generation);

    internal void EndSend() => _memory?.EndSend();
}
