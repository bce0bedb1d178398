using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Microsoft.Extensions.ObjectPool;

namespace Engine;

/// <summary>Whose room a <see cref="SendWaiter"/> waits for.</summary>
internal interface ISendWaiterOwner
{
    /// <summary>A token was faster than the loop: the waiter holds nobody up any longer. Any thread.</summary>
    void OnWaiterCancelled(SendWaiter waiter);
}

/// <summary>
/// A caller of SendAsync that waits for room, or of WhenWritableAsync that waits for the drain. Pooled.
/// Its fate is decided once: the loop begins it, or its token cancels it; a message that has begun goes out whole.
/// </summary>
internal sealed class SendWaiter : IValueTaskSource<SendStatus>
{
    private const int Waiting = 0;
    private const int Begun = 1;
    private const int Cancelled = 2;

    private ManualResetValueTaskSourceCore<SendStatus> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private ISendWaiterOwner? _owner;
    private ObjectPool<SendWaiter>? _pool;
    private ReadOnlyMemory<byte> _prefix;
    private ReadOnlyMemory<byte> _payload;
    private ReadOnlyMemory<byte> _suffix;
    private SharedSegment? _shared;
    private byte[]? _framing;
    private int _fate;

    /// <summary>What waits for the end of this message while it is being streamed. Loop only.</summary>
    public HeldBack HeldBack;

    public SendWaiter? Next { get; set; }

    public short Version => _source.Version;

    /// <summary>Bytes not yet in the queue.</summary>
    public int RemainingBytes => _prefix.Length + _payload.Length + _suffix.Length;

    public bool HasBegun => Volatile.Read(ref _fate) == Begun;

    /// <summary>Whether its token was faster than the loop. It holds no bytes then.</summary>
    public bool IsCancelled => Volatile.Read(ref _fate) == Cancelled;

    /// <summary>Whether it waits for the low-water mark only, and carries no bytes.</summary>
    public bool IsForDrain { get; private set; }

    public void Set(ObjectPool<SendWaiter> pool, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, bool isForDrain)
    {
        Debug.Assert(_pool is null, "A waiter serves one caller at a time.");
        _pool = pool;
        _prefix = prefix;
        _payload = payload;
        IsForDrain = isForDrain;
    }

    /// <summary>The same for a payload that is shared, of which it takes a reference, between small parts that are copied.</summary>
    public void Set(ObjectPool<SendWaiter> pool, ReadOnlySpan<byte> prefix, SharedSegment payload, ReadOnlySpan<byte> suffix)
    {
        if (_framing is null || _framing.Length < prefix.Length + suffix.Length)
        {
            _framing = new byte[Math.Max(prefix.Length + suffix.Length, 32)];
        }

        prefix.CopyTo(_framing);
        suffix.CopyTo(_framing.AsSpan(prefix.Length));
        Set(pool, _framing.AsMemory(0, prefix.Length), payload.Memory, isForDrain: false);
        _suffix = _framing.AsMemory(prefix.Length, suffix.Length);
        payload.Hold();
        _shared = payload;
    }

    /// <summary>Lets the token cancel it from now on. Called by the sender, before anyone else can see the waiter complete.</summary>
    public void ObserveCancellation(ISendWaiterOwner owner, CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled)
        {
            _owner = owner;
            _cancellation = cancellation;
            _registration = cancellation.UnsafeRegister(static waiter => ((SendWaiter)waiter!).Cancel(), this);
        }
    }

    /// <summary>The loop commits to it; false when it was cancelled first.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _fate, Begun, Waiting) == Waiting;

    /// <summary>Appends the next bytes to the queue, at most so many. Answers how many; 0 at the end.</summary>
    public int AppendTo(OutboundQueue queue, int maxBytes)
    {
        ref ReadOnlyMemory<byte> part = ref _prefix;
        if (part.IsEmpty)
        {
            part = ref _payload;
        }

        if (part.IsEmpty)
        {
            part = ref _suffix;
        }

        int count = Math.Min(maxBytes, part.Length);
        if (_shared is { } shared && Unsafe.AreSame(ref part, ref _payload))
        {
            queue.Append(shared, shared.Memory.Length - part.Length, count);
        }
        else
        {
            queue.Append(part.Span[..count]);
        }

        part = part[count..];
        return count;
    }

    /// <summary>Lets go of a shared payload: when the loop takes the waiter off its list, or when its token cancels it.</summary>
    public void ReleasePayload()
    {
        Interlocked.Exchange(ref _shared, null)?.LetGo();
    }

    /// <summary>Answers the caller. The waiter belongs to the caller from here on.</summary>
    public void Complete(SendStatus status) => _source.SetResult(status);

    public SendStatus GetResult(short token)
    {
        // An answer is taken once, after it was given. A second or an early look must throw before it touches anything: the waiter may serve another
        // connection by now, and one that goes back to the pool twice would serve two.
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending || Interlocked.Exchange(ref _pool, null) is not { } pool)
        {
            throw new InvalidOperationException("The result of a send may be taken once, after it has completed.");
        }

        // A cancelled waiter may still be linked in its connection's list, so only a completed one goes back.
        bool reusable = HasBegun;
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            if (reusable)
            {
                // Waits for a cancel callback that runs right now on another thread; it finds the fate decided and does nothing.
                _registration.Dispose();
                _registration = default;
                pool.Return(this);
            }
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _source.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _fate, Cancelled, Waiting) == Waiting)
        {
            // The loop reads the bytes of a waiter that has begun only: they can be let go of here, however long the list takes to come to it.
            _prefix = default;
            _payload = default;
            _suffix = default;
            ReleasePayload();
            _owner!.OnWaiterCancelled(this);
            _source.SetException(new OperationCanceledException(_cancellation));
        }
    }

    public sealed class Policy : PooledObjectPolicy<SendWaiter>
    {
        public override SendWaiter Create() => new();

        public override bool Return(SendWaiter obj)
        {
            obj._source.Reset();
            obj._cancellation = default;
            obj._owner = null;
            obj._prefix = default;
            obj._payload = default;
            obj._suffix = default;
            obj._fate = Waiting;
            obj.Next = null;
            obj.IsForDrain = false;
            return true;
        }
    }
}
