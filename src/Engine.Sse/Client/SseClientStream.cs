namespace Engine.Sse;

/// <summary>One open stream of a client: reads its bytes and hands out its events, until it ends for whatever reason.</summary>
internal sealed class SseClientStream(HttpResponseMessage response, Stream body, EventStreamParser parser) : IAsyncDisposable
{
    private const int BufferBytes = 8192;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _position;
    private int _length;

    /// <summary>The events, one at a time.</summary>
    public EventStreamParser Parser => parser;

    /// <summary>Why the stream ended; null when the server ended it in order.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Reads up to the next event. <see cref="EventStreamStatus.NeedMore"/> is the end of the stream.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<EventStreamStatus> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            EventStreamStatus status = ReadBuffered();
            if (status != EventStreamStatus.NeedMore)
            {
                return status;
            }

            try
            {
                _position = 0;
                _length = await body.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException or TimeoutException or InvalidDataException)
            {
                // The last is a compressed stream that is broken.
                Failure = exception;
                _length = 0;
            }

            if (_length == 0)
            {
                return EventStreamStatus.NeedMore;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        parser.Dispose();
        await body.DisposeAsync().ConfigureAwait(false);
        response.Dispose();
    }

    private EventStreamStatus ReadBuffered()
    {
        ReadOnlySpan<byte> left = _buffer.AsSpan(_position, _length - _position);
        EventStreamStatus status = parser.Read(ref left);
        _position = _length - left.Length;
        return status;
    }
}
