using System.Diagnostics;

namespace Engine.Sse;

/// <summary>
/// One stream of a session. What waits for it belongs to its loop, which alone delivers; beginning and end may be told from a handler's own thread.
/// </summary>
internal sealed class SseMember<TSession>(SseSession<TSession> session, SseInbox<TSession> inbox, Connection connection, int maxPendingEvents, long admittedAt)
{
    private SseMember<TSession>[]? _alone;
    private Queue<SharedSegment>? _pending;
    private volatile SseStream? _liveStream;
    private volatile bool _isGone;
    private long _liveFrom;

    public SseSession<TSession> Session { get; } = session;

    /// <summary>The way to its loop.</summary>
    public SseInbox<TSession> Inbox { get; } = inbox;

    /// <summary>The hub's last event when the member was let in: what a new client has missed lies behind it.</summary>
    public long AdmittedAt { get; } = admittedAt;

    /// <summary>The member as an audience of one.</summary>
    public ReadOnlyMemory<SseMember<TSession>> Alone => _alone ??= [this];

    /// <summary>Null until the response has begun. Under the hub's lock.</summary>
    public SseStream? Stream { get; set; }

    /// <summary>Whether the stream is to end, also when it has not begun yet. Under the hub's lock.</summary>
    public bool IsDismissed { get; set; }

    /// <summary>
    /// Hands one event over; one that a history remembers (its sequence is not 0) comes by the replay while that goes on. Loop only.
    /// <see cref="SendStatus.Dropped"/>: it, or an older one, or the stream, was given up by the policy.
    /// </summary>
    public SendStatus Deliver(SharedSegment prepared, long sequence, BackpressurePolicy policy)
    {
        if (_isGone)
        {
            return SendStatus.Closed;
        }

        // An event that was published after the member went live came here behind that, through the hub's lock and the inbox's: it finds the stream.
        SseStream? live = _liveStream;
        if (sequence > 0 && (live is null || sequence <= _liveFrom))
        {
            // The replay brings it, or has brought it while this was on its way.
            return SendStatus.Queued;
        }

        if (live is null || _pending is { Count: > 0 })
        {
            return Pend(prepared, policy);
        }

        SendStatus status = live.TrySend(prepared);
        if (status != SendStatus.Dropped)
        {
            return status;
        }

        return policy switch
        {
            // A message that no queue could hold would block those behind it for ever.
            BackpressurePolicy.DropOldest when live.Fits(prepared) => Pend(prepared, policy),
            BackpressurePolicy.Disconnect => Disconnect(),
            _ => SendStatus.Dropped,
        };
    }

    /// <summary>
    /// The replay is done, and has brought everything up to <paramref name="sequence"/>: what waited goes out, and events come as they are published.
    /// Under the hub's lock; any thread.
    /// </summary>
    public void GoLive(long sequence)
    {
        Debug.Assert(Stream is not null, "A member without a stream cannot be live.");
        _liveFrom = sequence;
        _liveStream = Stream;
        OnLoop(static state => ((SseMember<TSession>)state!).Pump());
    }

    /// <summary>There is room again. Loop only.</summary>
    public void Pump()
    {
        while (!_isGone && _liveStream is { } stream && _pending is { Count: > 0 })
        {
            SharedSegment first = _pending.Peek();
            SendStatus status = stream.TrySend(first);
            if (status == SendStatus.Dropped && stream.Fits(first))
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

    /// <summary>The stream has ended: nothing waits any more, and nothing will. Any thread.</summary>
    public void Clear()
    {
        _isGone = true;
        OnLoop(static state =>
        {
            while (((SseMember<TSession>)state!)._pending is { Count: > 0 } pending)
            {
                pending.Dequeue().Release();
            }
        });
    }

    private void OnLoop(Action<object?> run)
    {
        if (connection.IsOnLoop)
        {
            run(this);
        }
        else
        {
            connection.Post(run, this);
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
        connection.Abort(CloseReason.SlowConsumer);
        return SendStatus.Dropped;
    }
}
