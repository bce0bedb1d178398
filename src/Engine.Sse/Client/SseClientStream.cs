using System.Net.ServerSentEvents;

namespace Engine.Sse;

/// <summary>One connection of a client: events until it ends, whatever the reason.</summary>
internal sealed class SseClientStream<T>(HttpResponseMessage response, SseItemParser<T> itemParser, TimeSpan idleTimeout) : IAsyncDisposable
{
    private SseParser<T>? _parser;
    private IAsyncEnumerator<SseItem<T>>? _items;
    private IdleStream? _body;

    public SseItem<T> Current => _items!.Current;

    /// <summary>Why it ended; null when the server ended it in order.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Empty until an event had an id.</summary>
    public string LastEventId => _parser?.LastEventId ?? "";

    /// <summary>Negative until the server asked for one.</summary>
    public TimeSpan ReconnectionInterval => _parser is { ReconnectionInterval: var interval } && interval != Timeout.InfiniteTimeSpan ? interval : TimeSpan.FromTicks(-1);

    /// <summary>False at the end of the connection.</summary>
    public async ValueTask<bool> TryReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_items is null)
            {
                _body = new IdleStream(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), idleTimeout);
                _parser = SseParser.Create(_body, itemParser);
                _items = _parser.EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            }

            return await _items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or TimeoutException)
        {
            Failure = exception;
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_items is not null)
        {
            await _items.DisposeAsync().ConfigureAwait(false);
        }

        if (_body is not null)
        {
            await _body.DisposeAsync().ConfigureAwait(false);
        }

        response.Dispose();
    }
}
