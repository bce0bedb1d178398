namespace Engine.WebSockets;

/// <summary>
/// Messages that wait for the connection, bounded by bytes, in the order in which they came, through reconnects. Who finds no room waits in line, and nobody
/// overtakes the line. Any thread. What it drops it counts, and the client tells.
/// </summary>
internal sealed class ClientOutbox(int maxBytes, BackpressurePolicy policy)
{
    private readonly object _gate = new();
    private readonly LinkedList<ClientMessage> _messages = new();
    private readonly LinkedList<Waiter> _line = new();
    private int _bytes;
    private bool _isClosed;

    /// <summary>Raised with the number of messages whenever some are dropped.</summary>
    public event Action<int>? Dropped;

    /// <summary>Raised when there is something to take.</summary>
    public event Action? Added;

    public int LengthBytes => Volatile.Read(ref _bytes);

    private SendStatus Accepted => _bytes > maxBytes / 2 ? SendStatus.Queued : SendStatus.Sent;

    /// <summary>Takes a message over, whose memory is returned when it was sent or dropped; on any answer but Sent and Queued it stays the caller's.</summary>
    public SendStatus TryAdd(ClientMessage message)
    {
        int dropped = 0;
        SendStatus status;
        lock (_gate)
        {
            if (_isClosed)
            {
                return SendStatus.Closed;
            }

            while (!HasRoom(message) && policy == BackpressurePolicy.DropOldest)
            {
                RemoveFirst().Return();
                dropped++;
            }

            if (_line.Count == 0 && HasRoom(message))
            {
                Append(message);
                status = Accepted;
            }
            else
            {
                dropped++;
                status = SendStatus.Dropped;
            }
        }

        CountDropped(dropped);
        if (status != SendStatus.Dropped)
        {
            Added?.Invoke();
        }

        return status;
    }

    /// <summary>Takes a message over likewise, waiting in line for room where the policy waits.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before there was room; the message stays the caller's.</exception>
    public async ValueTask<SendStatus> AddAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (policy != BackpressurePolicy.Wait)
        {
            return TryAdd(message);
        }

        SendStatus? status = null;
        Waiter? waiter = null;
        lock (_gate)
        {
            if (_isClosed)
            {
                status = SendStatus.Closed;
            }
            else if (_line.Count == 0 && HasRoom(message))
            {
                Append(message);
                status = Accepted;
            }
            else
            {
                waiter = new Waiter(message);
                _line.AddLast(waiter);
            }
        }

        if (status is { } known)
        {
            if (known != SendStatus.Closed)
            {
                Added?.Invoke();
            }

            return known;
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister((_, token) => Cancel(waiter!, token), null);
        return await waiter!.Task.ConfigureAwait(false);
    }

    /// <summary>Takes the first message out; the caller returns its memory, or puts it back.</summary>
    public bool TryTake(out ClientMessage message)
    {
        List<Waiter>? admitted = null;
        lock (_gate)
        {
            if (_messages.Count == 0)
            {
                message = default;
                return false;
            }

            message = RemoveFirst();
            Admit(ref admitted);
        }

        admitted?.ForEach(static waiter => waiter.TrySetResult(waiter.Status));
        return true;
    }

    /// <summary>Puts messages that could not be sent back before all others, in their order. Where nothing is taken any more they are dropped.</summary>
    public void PutBack(IReadOnlyList<ClientMessage> messages)
    {
        lock (_gate)
        {
            for (int i = messages.Count - 1; i >= 0; i--)
            {
                _messages.AddFirst(messages[i]);
                _bytes += messages[i].LengthBytes;
            }
        }
    }

    /// <summary>No more messages; those inside can still be taken.</summary>
    public void Close()
    {
        Waiter[] refused;
        lock (_gate)
        {
            _isClosed = true;
            refused = [.. _line];
            _line.Clear();
        }

        Array.ForEach(refused, static waiter => waiter.TrySetResult(SendStatus.Closed));
    }

    /// <summary>Nothing will be taken any more: what is inside is dropped and counted.</summary>
    public void Discard()
    {
        Close();
        int dropped = 0;
        while (TryTake(out ClientMessage message))
        {
            message.Return();
            dropped++;
        }

        CountDropped(dropped);
    }

    /// <summary>One message may always wait, however long, or it could never be sent.</summary>
    private bool HasRoom(ClientMessage message) => _messages.Count == 0 || message.LengthBytes <= maxBytes - _bytes;

    private void Append(ClientMessage message)
    {
        _messages.AddLast(message);
        _bytes += message.LengthBytes;
    }

    private ClientMessage RemoveFirst()
    {
        ClientMessage first = _messages.First!.Value;
        _messages.RemoveFirst();
        _bytes -= first.LengthBytes;
        return first;
    }

    private void Admit(ref List<Waiter>? admitted)
    {
        while (_line.First is { } first && HasRoom(first.Value.Message))
        {
            _line.RemoveFirst();
            Append(first.Value.Message);
            first.Value.Status = Accepted;
            (admitted ??= []).Add(first.Value);
        }
    }

    private void Cancel(Waiter waiter, CancellationToken cancellationToken)
    {
        List<Waiter>? admitted = null;
        lock (_gate)
        {
            if (!_line.Remove(waiter))
            {
                return;
            }

            // It may have been too large for the room that those behind it can use.
            Admit(ref admitted);
        }

        waiter.TrySetCanceled(cancellationToken);
        admitted?.ForEach(static other => other.TrySetResult(other.Status));
        if (admitted is not null)
        {
            Added?.Invoke();
        }
    }

    private void CountDropped(int count)
    {
        if (count > 0)
        {
            Dropped?.Invoke(count);
        }
    }

    private sealed class Waiter(ClientMessage message) : TaskCompletionSource<SendStatus>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public ClientMessage Message => message;

        public SendStatus Status { get; set; }
    }
}
