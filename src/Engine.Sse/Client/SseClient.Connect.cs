using System.Net;
using System.Text;

namespace Engine.Sse;

/// <summary>One request, up to the head of its response.</summary>
public sealed partial class SseClient
{
    /// <summary>
    /// Creates a handler like the client's own, for an <see cref="SseClientOptions.HttpClient"/> with proxies, certificates or middleware: it sends
    /// <c>Last-Event-ID</c> as UTF-8 (WHATWG HTML §9.2.4) and closes a connection whose stream is left. The caller owns it.
    /// </summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        // A stream has no end to read to.
        MaxResponseDrainSize = 0,
        RequestHeaderEncodingSelector = static (name, _) => name == LastEventIdField ? Encoding.UTF8 : null,
    };

    private async ValueTask<SseClientAttempt> ConnectAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _uri);
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        request.Headers.TryAddWithoutValidation("Cache-Control", "no-store");
        if (LastEventId is { Length: > 0 } id)
        {
            request.Headers.TryAddWithoutValidation(LastEventIdField, id);
        }

        _options.ConfigureRequest?.Invoke(request);

        // A server that takes the connection and says nothing is as silent as one that stops in mid-stream.
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(_options.IdleTimeout);
        try
        {
            HttpResponseMessage response = _http is HttpClient client
                ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false)
                : await _http.SendAsync(request, silence.Token).ConfigureAwait(false);
            SseClientAttempt attempt = await JudgeAsync(response, silence.Token).ConfigureAwait(false);
            if (attempt.Stream is null)
            {
                response.Dispose();
            }

            return attempt;
        }
        catch (HttpRequestException exception)
        {
            return new SseClientAttempt(SseClientSignal.Lost, Failure: exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new SseClientAttempt(SseClientSignal.Lost, Failure: new TimeoutException($"No response came for {_options.IdleTimeout.TotalSeconds} seconds.", exception));
        }
    }

    private async ValueTask<SseClientAttempt> JudgeAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        HttpStatusCode status = response.StatusCode;
        if (status == HttpStatusCode.NoContent)
        {
            return new SseClientAttempt(SseClientSignal.NoContent);
        }

        if (status != HttpStatusCode.OK)
        {
            return EventStreamResponse.IsTemporary(status)
                ? new SseClientAttempt(SseClientSignal.Lost, Failure: Failure($"The server returned {(int)status}."), RetryAfter: EventStreamResponse.RetryAfter(response))
                : Refused($"The server returned {(int)status}.");
        }

        if (!EventStreamResponse.IsEventStream(response.Content))
        {
            return Refused($"Not a stream of events: {response.Content.Headers.ContentType}.");
        }

        var body = new IdleStream(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), _options.IdleTimeout);
        return EventStreamResponse.TryDecode(response.Content, body, out Stream? decoded)
            ? new SseClientAttempt(SseClientSignal.Opened, new SseClientStream(response, decoded, new EventStreamParser(_buffers, _options.MaxEventBytes, LastEventId ?? "")))
            : Refused($"Not a known content coding: {string.Join(", ", response.Content.Headers.ContentEncoding)}.");

        SseClientAttempt Refused(string message) => new(SseClientSignal.Refused, Failure: Failure(message));

        HttpRequestException Failure(string message) => new(message, inner: null, status);
    }
}
