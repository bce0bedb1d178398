using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Engine.Http1;
using Engine.Sse;

namespace Demo;

/// <summary>
/// An answer token by token, as language models give it, and a <c>done</c> event at its end. A client stops it by leaving: the token is cancelled, and the
/// generation with it.
/// </summary>
internal static partial class TokenStream
{
    private const string Answer =
        "A stream of events is one long response.\n\nThe server writes each token as an event of its own, and the browser shows it at once. "
        + "Nothing is polled, and nothing is buffered on the way. Whoever has read enough closes the connection, and the model stops thinking: "
        + "tokens that nobody reads cost nothing.";

    public static SseOptions Options => new() { ReconnectionInterval = TimeSpan.FromMilliseconds(500), OnConnectAsync = LastEvent.IsNotSeenAsync };

    public static async Task RunAsync(SseStream stream, CancellationToken cancellationToken)
    {
        string prompt = stream.Context.Request.GetQueryValue("prompt") ?? "How do you stream?";
        int.TryParse(stream.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out int count);
        try
        {
            await foreach (string token in GenerateAsync(prompt, count, cancellationToken))
            {
                count++;
                await stream.SendAsync(new SseEvent(token) { Id = count.ToString(CultureInfo.InvariantCulture), EventType = "token" }, cancellationToken);
            }

            await stream.SendAsync(new SseEvent($"{count} tokens") { Id = LastEvent.Id, EventType = "done" }, cancellationToken);
        }
        finally
        {
            Console.WriteLine($"tokens: {(cancellationToken.IsCancellationRequested ? "stopped after" : "all")} {count}");
        }
    }

    /// <summary>Stands for a model: some 30 tokens a second, words with the space before them. It would think of the same answer again, so a client that comes back skips what it has.</summary>
    private static async IAsyncEnumerable<string> GenerateAsync(string prompt, int skipped, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (Match token in Tokens().Matches($"“{prompt}”\n\n{Answer}").Skip(skipped))
        {
            await Task.Delay(30, cancellationToken);
            yield return token.Value;
        }
    }

    [GeneratedRegex(@"\s*\S{1,6}")]
    private static partial Regex Tokens();
}
