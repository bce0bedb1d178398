using System.Diagnostics;

namespace Engine.Sse;

/// <summary>One stream of a session. Under the hub's lock, but for the stream's own members.</summary>
internal sealed class SseMember<TSession>(SseSession<TSession> session, int maxPendingEvents, long admittedAt)
{
    private Queue<SharedSegment>? _pending;

    public SseSession<TSession> Session { get; } = session;

    /// <summary>The hub's last event when the member was let in: what a new client has missed lies behind it.</summary>
    public long AdmittedAt { get; } = admittedAt;

    /// <summary>Null until the response has begun.</summary>
    public SseStream? Stream { get; set; }

    /// <summary>Whether the replay is done. Until then events wait.</summary>
    public bool IsLive { get; private set; }

    /// <summary>Hands one event over; one that a history remembers comes by the replay while that goes on. <see cref="SendStatus.Dropped"/>: it, or an older one, or the stream, was given up by the policy.</summary>
    public SendStatus Deliver(SharedSegment prepared, bool isRemembered, BackpressurePolicy policy)
    {
        if (!IsLive && isRemembered)
        {
            return SendStatus.Queued;
        }

        if (!IsLive || _pending is { Count: > 0 })
        {
            return Pend(prepared, policy);
        }

        SendStatus status = Stream!.TrySend(prepared);
        if (status != SendStatus.Dropped)
        {
            return status;
        }

        return policy switch
        {
            // A message that no queue could hold would block those behind it for ever.
            BackpressurePolicy.DropOldest when Stream.Fits(prepared) => Pend(prepared, policy),
            BackpressurePolicy.Disconnect => Disconnect(),
            _ => SendStatus.Dropped,
        };
    }

    /// <summary>The replay is done: what waited goes out, and events come as they are published.</summary>
    public void GoLive()
    {
        Debug.Assert(Stream is not null, "A member without a stream cannot be live.");
        IsLive = true;
        Pump();
    }

    /// <summary>There is room again.</summary>
    public void Pump()
    {
        while (IsLive && _pending is { Count: > 0 })
        {
            SharedSegment first = _pending.Peek();
            SendStatus status = Stream!.TrySend(first);
            if (status == SendStatus.Dropped && Stream.Fits(first))
            {
                return;
            }

            _pending.Dequeue().Release();
            if (status == SendStatus.Queued)
            {
                return;
            }
        }
    }

    /// <summary>The stream has ended: nothing waits any more.</summary>
    public void Clear()
    {
        IsLive = false;
        while (_pending is { Count: > 0 })
        {
            _pending.Dequeue().Release();
        }
    }

    private SendStatus Pend(SharedSegment prepared, BackpressurePolicy policy)
    {
        _pending ??= new Queue<SharedSegment>();
        SendStatus status = SendStatus.Queued;
        if (_pending.Count >= maxPendingEvents)
        {
            switch (policy)
            {
                case BackpressurePolicy.DropOldest:
                    _pending.Dequeue().Release();
                    status = SendStatus.Dropped;
                    break;
                case BackpressurePolicy.Disconnect:
                    return Disconnect();
                default:
                    return SendStatus.Dropped;
            }
        }

        prepared.AddReference();
        _pending.Enqueue(prepared);
        return status;
    }

    private SendStatus Disconnect()
    {
        Stream?.Connection.Abort(CloseReason.SlowConsumer);
        return SendStatus.Dropped;
    }
}
