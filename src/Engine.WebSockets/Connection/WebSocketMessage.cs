using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>
/// A message as it lies in the receive buffer, or in the pooled buffer that its fragments were joined in. It is valid until the handler's method
/// returns, also when that returns an unfinished task: take what must live longer with <see cref="Take"/> before.
/// </summary>
public readonly ref struct WebSocketMessage
{
    private readonly WebSocketProtocol? _assembler;

    internal WebSocketMessage(ReadOnlySpan<byte> data, bool isText, WebSocketProtocol? assembler)
    {
        Data = data;
        IsText = isText;
        _assembler = assembler;
    }

    /// <summary>The payload: UTF-8, already checked, when <see cref="IsText"/>.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Whether the message is text; else it is binary.</summary>
    public bool IsText { get; }

    /// <summary>The payload as a string. Allocates it.</summary>
    public string GetText() => Encoding.UTF8.GetString(Data);

    /// <summary>The payload read as JSON by source-generated metadata.</summary>
    /// <exception cref="JsonException">The payload is no JSON of that shape.</exception>
    public T? ReadJson<T>(JsonTypeInfo<T> typeInfo) => JsonSerializer.Deserialize(Data, typeInfo);

    /// <summary>
    /// Gives the message a life of its own: a message that was joined from fragments is handed over as it is, one in the receive buffer is copied into
    /// pooled memory. The caller disposes it. Call it once.
    /// </summary>
    public ReceivedMessage Take() => ReceivedMessage.Own(TakeBytes());

    internal MessageBytes TakeBytes() => _assembler is null ? MessageBytes.Copy(Data, IsText) : _assembler.DetachMessage(IsText);
}
