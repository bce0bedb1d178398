using Engine.Http1;
using Engine.Sse;

namespace Gateway;

/// <summary>
/// OpenAI's chat completions, whole or streamed. A client that leaves ends its answer: the stream's token is cancelled, and nobody pays for words that nobody reads.
/// </summary>
internal sealed class ChatCompletions(ScriptedModel model)
{
    public async ValueTask AnswerAsync(HttpContext context)
    {
        ChatRequest? request = await context.Request.ReadJsonAsync(OpenAiJson.Default.ChatRequest);
        if (request?.Messages is not [.., { Content: { Length: <= ScriptedModel.MaxQuestionLength } question }])
        {
            await Refusal.SendAsync(context, 400, "There is no message.");
            return;
        }

        if (!request.Stream)
        {
            string answer = "";
            await foreach (string word in model.AnswerAsync(question, context.RequestAborted))
            {
                answer += word;
            }

            await context.Response.WriteJsonAsync(Chunk(request, "chat.completion", new ChatChoice(0, "stop") { Message = new ChatMessage("assistant", answer) }), OpenAiJson.Default.ChatAnswer);
            return;
        }

        SseStream stream = await context.StartSseAsync();
        await foreach (string word in model.AnswerAsync(question, stream.Closed))
        {
            await stream.SendJsonAsync(Chunk(request, "chat.completion.chunk", new ChatChoice(0) { Delta = new ChatMessage("assistant", word) }), OpenAiJson.Default.ChatAnswer, cancellationToken: stream.Closed);
        }

        await stream.SendJsonAsync(Chunk(request, "chat.completion.chunk", new ChatChoice(0, "stop") { Delta = new ChatMessage() }), OpenAiJson.Default.ChatAnswer);
        await stream.SendAsync(new SseEvent("[DONE]"));
    }

    private static ChatAnswer Chunk(ChatRequest request, string kind, ChatChoice choice)
        => new("chatcmpl-1", kind, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), request.Model ?? "echo", [choice]);
}
