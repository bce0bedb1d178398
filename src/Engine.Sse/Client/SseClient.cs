using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;

namespace Engine.Sse;

/// <summary>
/// Reads a stream of events from any server, and comes back when it ends (WHATWG HTML §9.2.3): after the time that the server asked for, with
/// <c>Last-Event-ID</c>. One reader at a time.
/// </summary>
public sealed class SseClient : IDisposable
{
    private readonly Uri _uri;
    private readonly SseClientOptions _options;
    private readonly HttpMessageInvoker _http;
    private TimeSpan? _askedInterval;

    /// <param name="uri">The stream's address, absolute.</param>
    /// <param name="options">How to connect and come back.</param>
    /// <exception cref="ArgumentException">The address is not absolute, or an option is out of its range.</exception>
    public SseClient(Uri uri, SseClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri)
        {
            throw new ArgumentException("The address must be absolute.", nameof(uri));
        }

        _uri = uri;
        _options = (options ?? new SseClientOptions()).Freeze();

        // A stream has no end to read to: one that is left is closed at once.
        _http = _options.HttpClient ?? new HttpMessageInvoker(new SocketsHttpHandler { MaxResponseDrainSize = 0 });
        LastEventId = _options.LastEventId;
    }

    /// <summary>The id of the last event read; null before the first that had one.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>How long the client waits before it connects again: what the server asked for last, else the option.</summary>
    public TimeSpan ReconnectionInterval => _askedInterval ?? _options.ReconnectionInterval;

    /// <summary>Connections that became streams, since the client was made.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>
    /// Reads events with their data as text. Ends when the server answers 204, which means: do not come back. Errors of the network, 429 and 5xx (with their
    /// <c>Retry-After</c>) are followed by another attempt.
    /// </summary>
    /// <exception cref="HttpRequestException">The server answered with another status or content, or <see cref="SseClientOptions.MaxAttempts"/> were in vain.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<SseItem<string>> ReadAllAsync(CancellationToken cancellationToken = default)
        => ReadAllAsync(static (_, data) => Encoding.UTF8.GetString(data), cancellationToken);

    /// <summary>The same with data that <paramref name="parser"/> reads from the event's UTF-8, such as JSON by a source-generated context.</summary>
    /// <exception cref="HttpRequestException">The server answered with another status or content, or <see cref="SseClientOptions.MaxAttempts"/> were in vain.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<SseItem<T>> ReadAllAsync<T>(SseItemParser<T> parser, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parser);
        int vainAttempts = 0;
        while (true)
        {
            SseClientAttempt attempt = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            Exception? failure = attempt.Failure;
            if (attempt.Response is { } response)
            {
                if (response.StatusCode == HttpStatusCode.NoContent)
                {
                    response.Dispose();
                    yield break;
                }

                ConnectionCount++;
                await using var stream = new SseClientStream<T>(response, parser, _options.IdleTimeout);
                while (await stream.TryReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    vainAttempts = 0;
                    Note(stream.LastEventId, stream.Current.EventId, stream.ReconnectionInterval);
                    yield return stream.Current;
                }

                Note(stream.LastEventId, eventId: null, stream.ReconnectionInterval);
                failure = stream.Failure;
            }

            if (++vainAttempts == _options.MaxAttempts)
            {
                throw failure as HttpRequestException ?? new HttpRequestException($"No event in {vainAttempts} attempts.", failure);
            }

            TimeSpan wait = Wait(vainAttempts, attempt.RetryAfter);
            _options.OnReconnecting?.Invoke(failure, wait);
            await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the connections of the client's own.</summary>
    public void Dispose()
    {
        if (_options.HttpClient is null)
        {
            _http.Dispose();
        }
    }

    private async ValueTask<SseClientAttempt> ConnectAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _uri);
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        request.Headers.TryAddWithoutValidation("Cache-Control", "no-store");
        if (LastEventId is { Length: > 0 } id)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", id);
        }

        _options.ConfigureRequest?.Invoke(request);
        HttpResponseMessage response;
        try
        {
            // An HttpClient would otherwise read the response to its end first.
            response = _http is HttpClient client
                ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false)
                : await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception)
        {
            return new SseClientAttempt(null, exception, null);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new SseClientAttempt(null, exception, null);
        }

        if (response.StatusCode == HttpStatusCode.NoContent || response is { StatusCode: HttpStatusCode.OK, Content.Headers.ContentType.MediaType: "text/event-stream" })
        {
            return new SseClientAttempt(response, null, null);
        }

        using (response)
        {
            var failure = new HttpRequestException(
                response.StatusCode == HttpStatusCode.OK ? $"Not a stream of events: {response.Content.Headers.ContentType}." : $"The server answered {(int)response.StatusCode}.",
                inner: null,
                response.StatusCode);
            bool mayRetry = response.StatusCode == HttpStatusCode.TooManyRequests || (int)response.StatusCode >= 500;
            return mayRetry ? new SseClientAttempt(null, failure, response.Headers.RetryAfter?.Delta) : throw failure;
        }
    }

    private void Note(string lastEventId, string? eventId, TimeSpan interval)
    {
        if (lastEventId.Length > 0)
        {
            LastEventId = lastEventId;
        }
        else if (eventId is "")
        {
            // An empty id is not sent back.
            LastEventId = null;
        }

        if (interval >= TimeSpan.Zero)
        {
            _askedInterval = interval;
        }
    }

    private TimeSpan Wait(int vainAttempts, TimeSpan? retryAfter)
    {
        double interval = ReconnectionInterval.TotalMilliseconds;
        double doubled = interval * Math.Pow(2, Math.Min(vainAttempts - 1, 20));
        double wait = Math.Max(interval, Math.Min(doubled, _options.MaxReconnectionInterval.TotalMilliseconds));
        wait = Math.Max(wait, retryAfter?.TotalMilliseconds ?? 0);
        return TimeSpan.FromMilliseconds(Math.Min(wait * (1 + (_options.ReconnectionJitter * Random.Shared.NextDouble())), int.MaxValue));
    }
}
