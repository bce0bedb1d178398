namespace Engine.WebSockets;

/// <summary>The client's connections, one after another, and the waits between them.</summary>
public sealed partial class TopicClient
{
    private EngineClient? _ownEngine;

    /// <summary>Attempts since the last connection that lasted.</summary>
    private int _attempts;
    private bool _wasOpen;
    private Exception? _lastFailure;

    /// <summary>Begins to connect, unless that was begun. Under the gate.</summary>
    private void Start()
    {
        if (_running is null || _running.IsCompleted)
        {
            _running = RunAsync();
        }
    }

    private async Task RunAsync()
    {
        // Not under the lock of the caller.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_closing.IsCancellationRequested)
        {
            Move(new TopicClientState(TopicClientStatus.Connecting, 0, "", TimeSpan.Zero));
            (int code, string reason, TimeSpan? asked) = await ConnectOnceAsync().ConfigureAwait(false);
            if (_closing.IsCancellationRequested)
            {
                return;
            }

            TopicReconnect what = Advice(code, reason);
            if (what == TopicReconnect.Never)
            {
                Refuse(code, reason);
                return;
            }

            TimeSpan wait = _backoff.Next(code, what == TopicReconnect.Again && _wasOpen, asked);
            Move(new TopicClientState(TopicClientStatus.Waiting, code, reason, wait));
            try
            {
                await _hurry.WaitAsync(wait, _closing.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private TopicReconnect Advice(int code, string reason)
    {
        TopicReconnect usual = TopicBackoff.AdviceOf(code, _options.Connection.BeforeConnect is not null);
        try
        {
            return _options.Advise?.Invoke(code, reason) ?? usual;
        }
        catch (Exception exception)
        {
            RaiseFault(exception);
            return usual;
        }
    }

    /// <summary>Makes one connection and keeps it to its end; says how it ended, or why there was none, and how long the server asks to wait at least.</summary>
    private async Task<(int Code, string Reason, TimeSpan? Asked)> ConnectOnceAsync()
    {
        bool isReconnect = _wasOpen;
        _wasOpen = false;
        WebSocketConnection socket;
        try
        {
            socket = await DialAsync(new WebSocketAttempt(_uri, _options.Connection.Headers, ++_attempts, isReconnect, _lastFailure)).ConfigureAwait(false);
        }
        catch (WebSocketHandshakeException exception)
        {
            _lastFailure = exception;
            return (exception.StatusCode == 0 ? (int)ClosePayload.Abnormal : exception.StatusCode, exception.Message, exception.RetryAfter);
        }
        catch (Exception exception)
        {
            _lastFailure = exception;
            return ((int)ClosePayload.Abnormal, exception.Message, null);
        }

        _lastFailure = null;
        _wasOpen = true;
        long openedAt = Environment.TickCount64;
        WebSocketClosure closure = await KeepAsync(socket).ConfigureAwait(false);
        if (Environment.TickCount64 - openedAt >= _options.Connection.MinUptime.TotalMilliseconds)
        {
            _attempts = 0;
            _backoff.Reset();
        }

        return ((int)closure.Code, closure.Reason, null);
    }

    private Task<WebSocketConnection> DialAsync(WebSocketAttempt attempt)
        => SingleConnection.OpenAsync(attempt, _options.Connection, _options.Connection.Engine ?? (_ownEngine ??= new EngineClient()), _closing.Token);

    private async Task<WebSocketClosure> KeepAsync(WebSocketConnection socket)
    {
        var session = new TopicClientSession(socket, _outbox, advice => _backoff.Window = advice.Within);
        using CancellationTokenRegistration closing = _closing.Token.UnsafeRegister(static socket => ((WebSocketConnection)socket!).Close(), socket);
        lock (_gate)
        {
            _session = session;
            foreach (TopicSubscription subscription in _subscriptions.Values)
            {
                subscription.Begin(session);
            }

            session.Flush();
        }

        Move(new TopicClientState(TopicClientStatus.Open, 0, "", TimeSpan.Zero));
        WebSocketClosure closure = await session.RunAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _session = null;
        }

        return closure;
    }

    /// <summary>The server wants no more of this client: those who wait are told.</summary>
    private void Refuse(int code, string reason)
    {
        TopicSubscription[] subscriptions;
        IReadOnlyList<TopicOutbox.Entry> waiting;
        lock (_gate)
        {
            _status = (int)TopicClientStatus.Closed;
            _running = null;
            subscriptions = [.. _subscriptions.Values];
            waiting = _outbox.Clear();
        }

        TopicException exception = SentAway($"{code} {reason}");
        foreach (TopicOutbox.Entry entry in waiting)
        {
            entry.TrySetException(exception);
        }

        Array.ForEach(subscriptions, subscription => subscription.Fail(exception));
        Raise(StatusChanged, new TopicClientState(TopicClientStatus.Closed, code, reason, TimeSpan.Zero));
    }

    private void Move(TopicClientState state)
    {
        Volatile.Write(ref _status, (int)state.Status);
        Raise(StatusChanged, state);
    }
}
