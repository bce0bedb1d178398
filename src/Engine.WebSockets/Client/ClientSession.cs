using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// One connection of a client, and what is sent over it: the greeting first, then the outbox, message by message as the connection takes them. What it did not take
/// goes back to the outbox when it ends.
/// </summary>
/// <remarks>
/// <code>
///   Idle   --woken: takes a message; taken at once: the next--&gt; Idle
///   Idle   --message has to wait for room--&gt; Busy     Busy --accepted--&gt; Idle, woken
///   any    --asked to close: hands over everything, each behind the one before, then the close frame--&gt; Closing
///   any    --connection closed and no message under way--&gt; Ended
/// </code>
/// </remarks>
internal sealed class ClientSession(ClientOutbox outbox)
{
    private readonly object _gate = new();
    private readonly TaskCompletionSource<WebSocketClosure> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ClientMessage> _unsent = [];
    private WebSocketConnection? _socket;
    private Queue<ClientMessage> _greeting = new();
    private WebSocketClosure _closure;
    private int _isWoken;
    private int _underWay;
    private bool _isClosing;
    private bool _isClosed;

    /// <summary>Completes when the connection has ended and what it did not take is back in the outbox.</summary>
    public Task<WebSocketClosure> Ended => _ended.Task;

    public WebSocketConnection Socket => _socket!;

    /// <summary>Whether the server has sent FIN while the reader held it back. Loop only.</summary>
    public bool IsPeerGone { get; set; }

    public void Attach(WebSocketConnection socket) => _socket = socket;

    /// <summary>Begins to send. Any thread.</summary>
    public void Begin(Queue<ClientMessage> greeting)
    {
        _greeting = greeting;
        Wake();
    }

    /// <summary>There is something to send. Any thread.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
        {
            Socket.Post(static session => ((ClientSession)session!).Pump(), this);
        }
    }

    /// <summary>Sends what waits, then the close frame. Any thread.</summary>
    public void AskClose(WebSocketCloseStatus code, string? reason) => Socket.Post(
        _ =>
        {
            _isClosing = true;
            Pump();
            Socket.Close(code, reason);
        },
        null);

    /// <summary>The connection has ended. Loop only.</summary>
    public void OnClosed(WebSocketClosure closure)
    {
        lock (_gate)
        {
            _closure = closure;
            _isClosed = true;
        }

        EndOnceIdle();
    }

    /// <summary>Sends what the connection takes. Loop only, where a kept history sees the messages in the order in which they leave.</summary>
    public void Pump()
    {
        // Before the look: what is added behind it wakes again.
        Interlocked.Exchange(ref _isWoken, 0);
        while ((_isClosing || Volatile.Read(ref _underWay) == 0) && Socket.IsOpen && TryTake(out ClientMessage message, out bool isGreeting))
        {
            ValueTask<SendStatus> sent = message.Prepared is { } prepared
                ? Socket.SendAsync(prepared)
                : Socket.SendAsync(message.Opcode, message.Payload, message.Compress, CancellationToken.None);
            if (sent.IsCompletedSuccessfully)
            {
                Settle(message, isGreeting, sent.GetAwaiter().GetResult());
            }
            else
            {
                Interlocked.Increment(ref _underWay);
                _ = AwaitAsync(sent, message, isGreeting);
            }
        }
    }

    private bool TryTake(out ClientMessage message, out bool isGreeting)
    {
        isGreeting = _greeting.TryDequeue(out message);
        return isGreeting || outbox.TryTake(out message);
    }

    private async Task AwaitAsync(ValueTask<SendStatus> sent, ClientMessage message, bool isGreeting)
    {
        SendStatus status = SendStatus.Sent;
        try
        {
            status = await sent.ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // A prepared message that its owner has disposed is not sent.
        }

        Settle(message, isGreeting, status);
        Interlocked.Decrement(ref _underWay);
        Wake();
        EndOnceIdle();
    }

    private void Settle(ClientMessage message, bool isGreeting, SendStatus status)
    {
        if (status != SendStatus.Closed || isGreeting)
        {
            message.Return();
            return;
        }

        // Not all of it was taken, so the server cannot have it: it may be sent again.
        lock (_gate)
        {
            _unsent.Add(message);
        }
    }

    private void EndOnceIdle()
    {
        lock (_gate)
        {
            if (!_isClosed || Volatile.Read(ref _underWay) != 0 || _ended.Task.IsCompleted)
            {
                return;
            }

            while (_greeting.TryDequeue(out ClientMessage message))
            {
                message.Return();
            }

            outbox.PutBack(_unsent);
            _unsent.Clear();
            _ended.TrySetResult(_closure);
        }
    }
}
