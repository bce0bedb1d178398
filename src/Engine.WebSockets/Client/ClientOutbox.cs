using System.Buffers;

namespace Engine.WebSockets;

/// <summary>
/// Messages that wait for the connection, bounded by bytes, in order, through reconnects. Any thread. What it drops it counts, and the client tells.
/// </summary>
internal sealed class ClientOutbox(int maxBytes, BackpressurePolicy policy)
{
    private readonly object _gate = new();
    private readonly LinkedList<ClientMessage> _messages = new();
    private readonly Queue<TaskCompletionSource> _waiters = new();
    private int _bytes;
    private bool _isClosed;

    /// <summary>Raised with the number of messages whenever some are dropped.</summary>
    public event Action<int>? Dropped;

    /// <summary>Raised when there is something to take.</summary>
    public event Action? Added;

    public int LengthBytes => Volatile.Read(ref _bytes);

    /// <summary>Takes a message over, whose memory is returned when it was sent or dropped; on any answer but Sent and Queued it stays the caller's.</summary>
    public SendStatus TryAdd(ClientMessage message, bool isDropCounted = true)
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
                ClientMessage oldest = _messages.First!.Value;
                _messages.RemoveFirst();
                _bytes -= oldest.LengthBytes;
                oldest.Return();
                dropped++;
            }

            if (HasRoom(message))
            {
                _messages.AddLast(message);
                _bytes += message.LengthBytes;
                status = _bytes > maxBytes / 2 ? SendStatus.Queued : SendStatus.Sent;
            }
            else
            {
                dropped += isDropCounted ? 1 : 0;
                status = SendStatus.Dropped;
            }
        }

        if (dropped > 0)
        {
            Dropped?.Invoke(dropped);
        }

        if (status != SendStatus.Dropped)
        {
            Added?.Invoke();
        }

        return status;
    }

    /// <summary>The same, waiting for room by the policy that waits.</summary>
    public async ValueTask<SendStatus> AddAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        while (true)
        {
            SendStatus status = TryAdd(message, isDropCounted: policy != BackpressurePolicy.Wait);
            if (status != SendStatus.Dropped || policy != BackpressurePolicy.Wait)
            {
                return status;
            }

            Task room = WhenRoom();
            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the first message out; the caller returns its memory.</summary>
    public bool TryTake(out ClientMessage message)
    {
        TaskCompletionSource[] waiters;
        lock (_gate)
        {
            if (_messages.First is not { } first)
            {
                message = default;
                return false;
            }

            message = first.Value;
            _messages.RemoveFirst();
            _bytes -= message.LengthBytes;
            waiters = TakeWaiters();
        }

        Array.ForEach(waiters, static waiter => waiter.TrySetResult());
        return true;
    }

    /// <summary>No more messages; those inside can still be taken.</summary>
    public void Close()
    {
        TaskCompletionSource[] waiters;
        lock (_gate)
        {
            _isClosed = true;
            waiters = TakeWaiters();
        }

        Array.ForEach(waiters, static waiter => waiter.TrySetResult());
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

    /// <summary>Messages that were taken and did not reach the connection.</summary>
    public void CountDropped(int count)
    {
        if (count > 0)
        {
            Dropped?.Invoke(count);
        }
    }

    /// <summary>One message may always wait, however long, or it could never be sent.</summary>
    private bool HasRoom(ClientMessage message) => _messages.Count == 0 || message.LengthBytes <= maxBytes - _bytes;

    private Task WhenRoom()
    {
        lock (_gate)
        {
            if (_isClosed || _messages.Count == 0)
            {
                return Task.CompletedTask;
            }

            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Enqueue(waiter);
            return waiter.Task;
        }
    }

    private TaskCompletionSource[] TakeWaiters()
    {
        if (_waiters.Count == 0)
        {
            return [];
        }

        TaskCompletionSource[] waiters = [.. _waiters];
        _waiters.Clear();
        return waiters;
    }
}

/// <summary>A message in pooled memory on its way out.</summary>
internal readonly record struct ClientMessage(FrameOpcode Opcode, byte[] Rented, int LengthBytes)
{
    public ReadOnlySpan<byte> Payload => Rented.AsSpan(0, LengthBytes);

    public static ClientMessage Copy(FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(payload.Length, 1));
        payload.CopyTo(rented);
        return new ClientMessage(opcode, rented, payload.Length);
    }

    public void Return() => ArrayPool<byte>.Shared.Return(Rented);
}
