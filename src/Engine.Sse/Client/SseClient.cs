using System.Diagnostics;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;

namespace Engine.Sse;

/// <summary>
/// Reads a stream of events from any server, and comes back when it ends (WHATWG HTML §9.2.3): after the time that the server asked for, with the id of the
/// last complete event as <c>Last-Event-ID</c>. One reader at a time; the properties from any thread.
/// </summary>
public sealed partial class SseClient : IDisposable
{
    private const string LastEventIdField = "Last-Event-ID";

    private readonly Uri _uri;
    private readonly SseClientOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly EventBufferPool _buffers = new();
    private readonly CancellationTokenSource _disposed = new();
    private SseReconnection _reconnection;
    private volatile SseClientState _state;
    private int _isRead;

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
        _http = _options.HttpClient ?? new HttpMessageInvoker(CreateHandler());
        _reconnection = new SseReconnection(_options);
        LastEventId = _options.LastEventId;
    }

    /// <summary>What the client is doing.</summary>
    public SseClientState State => _state;

    /// <summary>The id of the last complete event that had one, with data or without; null before the first, and after an event that cleared it.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>How long the client waits before it connects again, without jitter: what the server asked for last, else the option, but never below the minimum.</summary>
    public TimeSpan ReconnectionInterval => _reconnection.Interval;

    /// <summary>Connections that became streams since the client was created.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>
    /// Reads events with their data as text. Ends when the server returns 204, which means: do not come back. Errors of the network, silence, 429 and 5xx (with
    /// their <c>Retry-After</c>) are followed by another attempt.
    /// </summary>
    /// <exception cref="HttpRequestException">The server returned another status or content, or <see cref="SseClientOptions.MaxAttempts"/> brought no event.</exception>
    /// <exception cref="InvalidDataException">An event is larger than <see cref="SseClientOptions.MaxEventBytes"/>.</exception>
    /// <exception cref="InvalidOperationException">Somebody reads already.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed, before or while it was read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<SseItem<string>> ReadAllAsync(CancellationToken cancellationToken = default)
        => ReadAllAsync(static (_, data) => Encoding.UTF8.GetString(data), cancellationToken);

    /// <summary>
    /// Reads events whose data <paramref name="parser"/> reads from UTF-8, such as JSON by a source-generated context. Ends when the server returns 204, which
    /// means: do not come back. Errors of the network, silence, 429 and 5xx (with their <c>Retry-After</c>) are followed by another attempt.
    /// </summary>
    /// <param name="parser">Gets the event's name and its data, which is valid during the call. What it throws ends the reading.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="HttpRequestException">The server returned another status or content, or <see cref="SseClientOptions.MaxAttempts"/> brought no event.</exception>
    /// <exception cref="InvalidDataException">An event is larger than <see cref="SseClientOptions.MaxEventBytes"/>.</exception>
    /// <exception cref="InvalidOperationException">Somebody reads already.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed, before or while it was read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<SseItem<T>> ReadAllAsync<T>(SseItemParser<T> parser, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parser);
        ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
        if (Interlocked.Exchange(ref _isRead, 1) != 0)
        {
            throw new InvalidOperationException("The client is being read already.");
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        SseClientStream? stream = null;
        try
        {
            Step(SseClientSignal.Started);
            while (_state != SseClientState.Ended)
            {
                SseClientAttempt attempt;
                if (stream is null)
                {
                    attempt = await OrDisposed(ConnectAsync(ended.Token), cancellationToken).ConfigureAwait(false);
                    stream = attempt.Stream;
                }
                else if (await OrDisposed(ReadAsync(stream, ended.Token), cancellationToken).ConfigureAwait(false) is { } ending)
                {
                    attempt = ending;
                    await stream.DisposeAsync().ConfigureAwait(false);
                    stream = null;
                }
                else
                {
                    yield return Item(stream.Parser, parser);
                    continue;
                }

                await OrDisposed(FollowAsync(attempt, ended.Token), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            Step(SseClientSignal.Left);
            Volatile.Write(ref _isRead, 0);
        }
    }

    /// <summary>Ends the reading, and the connections of the client's own. Any thread; idempotent.</summary>
    public void Dispose()
    {
        _disposed.Cancel();
        if (_options.HttpClient is null)
        {
            _http.Dispose();
        }
    }

    /// <summary>Reads the next event. Returns null for one, else how the stream ended.</summary>
    private async ValueTask<SseClientAttempt?> ReadAsync(SseClientStream stream, CancellationToken cancellationToken)
    {
        EventStreamStatus status = await stream.ReadAsync(cancellationToken).ConfigureAwait(false);
        LastEventId = stream.Parser.LastEventId is { Length: > 0 } id ? id : null;
        _reconnection.Asked = stream.Parser.ReconnectionInterval ?? _reconnection.Asked;
        switch (status)
        {
            case EventStreamStatus.Event:
                _reconnection.NoteEvent();
                return null;
            case EventStreamStatus.TooLarge:
                return new SseClientAttempt(SseClientSignal.TooLarge, Failure: new InvalidDataException($"An event is larger than {_options.MaxEventBytes} bytes."));
            default:
                return new SseClientAttempt(SseClientSignal.Lost, Failure: stream.Failure);
        }
    }

    /// <summary>Goes to the state that follows an attempt or a stream; waits there if it is to wait.</summary>
    private async ValueTask<bool> FollowAsync(SseClientAttempt attempt, CancellationToken cancellationToken)
    {
        bool isExhausted = attempt.Signal == SseClientSignal.Lost && !_reconnection.TryGoOn();
        Step(isExhausted ? SseClientSignal.Exhausted : attempt.Signal);
        switch (_state)
        {
            case SseClientState.Open:
                ConnectionCount++;
                break;
            case SseClientState.Failed:
                throw isExhausted && attempt.Failure is not HttpRequestException
                    ? new HttpRequestException($"No event in {_reconnection.VainAttempts} attempts.", attempt.Failure)
                    : attempt.Failure!;
            case SseClientState.Waiting:
                TimeSpan wait = _reconnection.Wait(attempt.RetryAfter, Random.Shared.NextDouble());
                _options.OnReconnecting?.Invoke(attempt.Failure, wait);
                await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
                Step(SseClientSignal.Waited);
                break;
        }

        return true;
    }

    /// <summary>Tells whose wish it was that ended some work: the reader's token or <see cref="Dispose"/>.</summary>
    private async ValueTask<T> OrDisposed<T>(ValueTask<T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
            throw;
        }
    }

    private void Step(SseClientSignal signal)
    {
        SseClientState? next = SseClientLifecycle.Next(_state, signal);
        Debug.Assert(next is not null, $"{signal} cannot happen when {_state}.");
        _state = next ?? _state;
    }

    private static SseItem<T> Item<T>(EventStreamParser source, SseItemParser<T> parser)
        => new(parser(source.EventType, source.Data), source.EventType) { EventId = source.EventId };
}
