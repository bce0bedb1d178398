namespace Engine;

/// <summary>
/// One stop of a server: listen no longer, tell every connection, wait, abort what is left, end the loops. Everybody who asks for a stop shares it and brings a
/// patience of their own; the shortest counts. A loop that a handler blocks is given up in the end, so that the stop is over all the same. Any thread.
/// </summary>
internal sealed class ServerStop(Transport transport, Action<Action<Connection>> forEachConnection, Action<EventLoop> onLoopAbandoned)
{
    /// <summary>A turn that still runs so long after patience has ended is a handler that blocks.</summary>
    private const int StuckMilliseconds = 500;

    private const int LookMilliseconds = 10;

    private readonly TaskCompletionSource _allClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _patienceEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _completion;
    private bool _isListeningOver;

    /// <summary>How many connections are open; the stop asks when no new ones can come.</summary>
    public required Func<int> CountLive { get; init; }

    /// <summary>Begins the stop, or joins the one that has begun.</summary>
    /// <param name="drainTimeout">How long to wait before connections are aborted; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the patience at once.</param>
    public Task RunAsync(TimeSpan drainTimeout, CancellationToken cancellationToken)
    {
        Task completion;
        lock (_allClosed)
        {
            completion = _completion ??= StopAsync();
        }

        if (!completion.IsCompleted)
        {
            BringPatience(completion, drainTimeout, cancellationToken);
        }

        return completion;
    }

    /// <summary>The last connection has ended. Has an effect once nothing more can be accepted.</summary>
    public void SignalEmpty()
    {
        if (Volatile.Read(ref _isListeningOver))
        {
            _allClosed.TrySetResult();
        }
    }

    private void BringPatience(Task completion, TimeSpan drainTimeout, CancellationToken cancellationToken)
    {
        if (drainTimeout == TimeSpan.Zero)
        {
            _patienceEnded.TrySetResult();
            return;
        }

        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static stop => ((ServerStop)stop!)._patienceEnded.TrySetResult(), this);
        Timer? timer = null;
        if (drainTimeout != Timeout.InfiniteTimeSpan)
        {
            // What a timer cannot count is as good as what it can: 49 days.
            var dueIn = TimeSpan.FromMilliseconds(Math.Min(drainTimeout.TotalMilliseconds, uint.MaxValue - 1.0));
            timer = new Timer(static stop => ((ServerStop)stop!)._patienceEnded.TrySetResult(), this, dueIn, Timeout.InfiniteTimeSpan);
        }

        _ = ForgetAsync();

        async Task ForgetAsync()
        {
            await completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await registration.DisposeAsync().ConfigureAwait(false);
            timer?.Dispose();
        }
    }

    private async Task StopAsync()
    {
        // The caller may be a handler on a loop, which must not be held.
        await Task.Yield();
        Task closed = CloseAllAsync();
        await Task.WhenAny(closed, _patienceEnded.Task).ConfigureAwait(false);
        if (!closed.IsCompleted)
        {
            forEachConnection(static connection => connection.Abort(CloseReason.ServerStopping));
            await WhenClosedOrStuckAsync(closed).ConfigureAwait(false);
        }

        foreach (EventLoop loop in transport.Loops)
        {
            loop.Stop();
        }

        foreach (EventLoop loop in transport.Loops)
        {
            await WhenEndedOrStuckAsync(loop).ConfigureAwait(false);
        }
    }

    /// <summary>Everything that takes no force: no new connections, and those that there are told, and gone.</summary>
    private async Task CloseAllAsync()
    {
        await transport.StopListeningAsync().ConfigureAwait(false);

        // What was accepted is on its way to its loop: it is counted there, and told.
        await Task.WhenAll(transport.Loops.Select(static loop => loop.WhenPostedRanAsync())).ConfigureAwait(false);
        forEachConnection(static connection => connection.Stop());
        Volatile.Write(ref _isListeningOver, true);
        if (CountLive() == 0)
        {
            _allClosed.TrySetResult();
        }

        await _allClosed.Task.ConfigureAwait(false);
    }

    /// <summary>Aborted connections end within a turn or two, but on loops that are blocked they do not.</summary>
    private async Task WhenClosedOrStuckAsync(Task closed)
    {
        while (!closed.IsCompleted && !transport.Loops.All(static loop => loop.ConnectionCount == 0 || IsStuck(loop)))
        {
            await Task.WhenAny(closed, Task.Delay(LookMilliseconds)).ConfigureAwait(false);
        }

        // Accepted meanwhile by a loop whose neighbour is blocked: nobody is left behind on the loops that run.
        while (!closed.IsCompleted && CountLive() > 0 && !transport.Loops.Any(IsStuck))
        {
            forEachConnection(static connection => connection.Abort(CloseReason.ServerStopping));
            await Task.WhenAny(closed, Task.Delay(LookMilliseconds)).ConfigureAwait(false);
        }
    }

    private async Task WhenEndedOrStuckAsync(EventLoop loop)
    {
        while (!loop.Completion.IsCompleted)
        {
            if (IsStuck(loop))
            {
                onLoopAbandoned(loop);
                return;
            }

            await Task.WhenAny(loop.Completion, Task.Delay(LookMilliseconds)).ConfigureAwait(false);
        }
    }

    private static bool IsStuck(EventLoop loop) => loop.Counters.TurnMilliseconds(loop.ClockMilliseconds) > StuckMilliseconds;
}
