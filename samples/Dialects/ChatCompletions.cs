using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Engine.Http1;
using Engine.Sse;

namespace Dialects;

/// <summary>
/// OpenAI's chat completions, whole or streamed. The model is an echo: it repeats the last message, or counts for ever when that is "count". A client that
/// leaves ends its answer: the stream's token is cancelled, and nobody pays for words that nobody reads.
/// </summary>
internal sealed class ChatCompletions
{
    private int _runningCount;

    public void Map(HttpServer server) => server
        .MapPost("/v1/chat/completions", AnswerAsync)
        .MapGet("/v1/running", context => context.Response.WriteAsync(Volatile.Read(ref _runningCount).ToString(CultureInfo.InvariantCulture)));

    private async ValueTask AnswerAsync(HttpContext context)
    {
        ChatRequest? request = await context.Request.ReadJsonAsync(ChatJson.Default.ChatRequest);
        if (request?.Messages is not [.., { Content: { } question }])
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteJsonAsync(new ChatFailure(new ChatError("There is no message.", "invalid_request_error")), ChatJson.Default.ChatFailure);
            return;
        }

        if (!request.Stream)
        {
            await context.Response.WriteJsonAsync(Chunk(request, "chat.completion", new ChatChoice(0, "stop") { Message = new ChatMessage("assistant", question) }), ChatJson.Default.ChatAnswer);
            return;
        }

        Interlocked.Increment(ref _runningCount);
        try
        {
            SseStream stream = await context.StartSseAsync();
            await foreach (string word in WordsAsync(question, stream.Closed))
            {
                await stream.SendJsonAsync(Chunk(request, "chat.completion.chunk", new ChatChoice(0) { Delta = new ChatMessage("assistant", word) }), ChatJson.Default.ChatAnswer, cancellationToken: stream.Closed);
            }

            await stream.SendJsonAsync(Chunk(request, "chat.completion.chunk", new ChatChoice(0, "stop") { Delta = new ChatMessage() }), ChatJson.Default.ChatAnswer);
            await stream.SendAsync(new SseEvent("[DONE]"));
        }
        finally
        {
            Interlocked.Decrement(ref _runningCount);
        }
    }

    private static ChatAnswer Chunk(ChatRequest request, string kind, ChatChoice choice)
        => new("chatcmpl-1", kind, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), request.Model ?? "echo", [choice]);

    private static async IAsyncEnumerable<string> WordsAsync(string question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (question != "count")
        {
            foreach (string word in question.Split(' '))
            {
                yield return word + " ";
            }

            yield break;
        }

        for (int i = 0; ; i++)
        {
            yield return $"{i} ";
            await Task.Delay(10, cancellationToken);
        }
    }
}

internal sealed record ChatRequest(string? Model, IReadOnlyList<ChatMessage>? Messages, bool Stream = false);

internal sealed record ChatMessage(string? Role = null, string? Content = null);

internal sealed record ChatAnswer(string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices);

internal sealed record ChatChoice(int Index, string? FinishReason = null)
{
    public ChatMessage? Message { get; init; }

    public ChatMessage? Delta { get; init; }
}

internal sealed record ChatFailure(ChatError Error);

internal sealed record ChatError(string Message, string Type);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatAnswer))]
[JsonSerializable(typeof(ChatFailure))]
internal sealed partial class ChatJson : JsonSerializerContext;
