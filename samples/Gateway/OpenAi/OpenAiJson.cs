using System.Text.Json.Serialization;

namespace Gateway;

internal sealed record ChatRequest(string? Model, IReadOnlyList<ChatMessage>? Messages, bool Stream = false);

internal sealed record ChatMessage(string? Role = null, string? Content = null);

internal sealed record ChatAnswer(string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices);

internal sealed record ChatChoice(int Index, string? FinishReason = null)
{
    public ChatMessage? Message { get; init; }

    public ChatMessage? Delta { get; init; }
}

internal sealed record ResponseRequest(string? Model, string? Input, bool Stream = false, bool Background = false);

internal sealed record ResponseAnswer(string Id, string Object, long CreatedAt, string Model, string Status, bool Background, IReadOnlyList<OutputItem> Output);

internal sealed record OutputItem(string Id, string Type, string Role, string Status, IReadOnlyList<OutputText> Content);

internal sealed record OutputText(string Type, string Text, IReadOnlyList<string> Annotations);

/// <summary>One event of a streamed response; what does not belong to its type is null and not written.</summary>
internal sealed record ResponseEvent(string Type, int SequenceNumber)
{
    public ResponseAnswer? Response { get; init; }

    public string? ItemId { get; init; }

    public int? OutputIndex { get; init; }

    public int? ContentIndex { get; init; }

    public string? Delta { get; init; }
}

internal sealed record DeletedResponse(string Id, string Object, bool Deleted);

internal sealed record Failure(FailureDetail Error);

internal sealed record FailureDetail(string Message, string Type);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatAnswer))]
[JsonSerializable(typeof(ResponseRequest))]
[JsonSerializable(typeof(ResponseAnswer))]
[JsonSerializable(typeof(ResponseEvent))]
[JsonSerializable(typeof(DeletedResponse))]
[JsonSerializable(typeof(Failure))]
internal sealed partial class OpenAiJson : JsonSerializerContext;
