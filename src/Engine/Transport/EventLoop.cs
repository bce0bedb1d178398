using System.Collections.Concurrent;
using System.Diagnostics;

namespace Engine;

/// <summary>
/// One thread that owns its connections: everything about a connection is touched here only.
/// A turn polls the kernel and raises what arrived, runs posted work, raises deadlines, then ends: dirty connections are flushed and drains, ends and
/// the like are announced. Back ends supply <see cref="Poll"/> and <see cref="Wake"/>; everything else is shared.
/// </summary>
internal abstract partial class EventLoop
{
    /// <summary>Passes over the members that asked for the turn's end, before the rest waits for the next turn, so that chatter cannot starve the sockets.</summary>
    private const int MaxTurnEndPasses = 4;

    private const int TrimMilliseconds = 5_000;

    /// <summary>Time that posted work may take before the sockets have their turn.</summary>
    private const int MaxWorkMilliseconds = 10;

    /// <summary>Reading the clock costs about as much as the smallest work, so it is not read after each.</summary>
    private const int WorkItemsPerClock = 8;

    private readonly ConcurrentQueue<WorkItem> _work = new();
    private readonly List<Chore> _chores = [];
    private readonly Stack<int> _freeSlots = new();
    private readonly LoopSynchronizationContext _context;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<ILoopMember> _turnEnd = [];
    private List<ILoopMember> _turnEndSpare = [];
    private Slot[] _slots = [];
    private int _slotCount;
    private int _threadId;
    private int _awake = 1;
    private int _dealt;
    private long _turnEndMilliseconds;
    private volatile bool _stopping;

    protected EventLoop(int index)
    {
        Index = index;
        NowMilliseconds = Environment.TickCount64;
        _deadlines = new TimerWheel(NowMilliseconds);
        Timers = new LoopTimers(NowMilliseconds);
        _context = new LoopSynchronizationContext(this);
    }

    public int Index { get; }

    public SegmentPool Segments { get; } = new();

    public LoopCounters Counters { get; } = new();

    /// <summary>Who is told of exceptions that come as far as the loop. Set before the loop starts.</summary>
    public ILoopFaultSink? FaultSink { get; set; }

    /// <summary>The loop's clock in milliseconds, monotonic, read once a turn.</summary>
    public long NowMilliseconds { get; private protected set; }

    /// <summary>The loop's clock, read now. Any thread.</summary>
    public long ClockMilliseconds => ReadClock();

    public bool IsCurrent => _threadId == Environment.CurrentManagedThreadId;

    /// <summary>Connections that live here. Read by other threads for diagnostics and for dealing.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>Connections that live here or are on their way, by which an acceptor deals. Any thread.</summary>
    public int Load => ConnectionCount + Volatile.Read(ref _dealt);

    /// <summary>Completes when the thread has ended and its back end is closed.</summary>
    public Task Completion => _completion.Task;

    /// <summary>What <see cref="LoopLocal{T}"/> keeps here. Loop only.</summary>
    public List<KeyValuePair<object, object>> Locals { get; } = [];

    /// <summary>Runs <paramref name="work"/> on the loop. Any thread. Work of one thread keeps its order.</summary>
    /// <param name="work">What to run. An exception that leaves it is a fault of <paramref name="owner"/>.</param>
    /// <param name="state">Handed to <paramref name="work"/>.</param>
    /// <param name="owner">For whom it is done, if for somebody else than <paramref name="state"/>.</param>
    public void Post(Action<object?> work, object? state, object? owner = null) => Enqueue(new WorkItem(work, state, owner));

    /// <summary>Runs a continuation on the loop. Any thread. The work of one thread keeps its order.</summary>
    public void PostContinuation(SendOrPostCallback work, object? state) => Enqueue(new WorkItem(work, state, owner: null));

    /// <summary>Completes when everything that was posted before has run. Any thread.</summary>
    public Task WhenPostedRanAsync()
    {
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(static state => ((TaskCompletionSource)state!).SetResult(), ran);
        return ran.Task;
    }

    /// <summary>Hands over an accepted connection. Any thread.</summary>
    public void Deal(TransportConnection connection, ITransportHost host)
    {
        if (IsCurrent)
        {
            host.OnAccepted(this, connection);
            return;
        }

        Interlocked.Increment(ref _dealt);
        Post(Adopt, (connection, host));
    }

    /// <summary>Gives a connection its slot and identity. Loop only.</summary>
    public ConnectionId Register(ILoopMember member)
    {
        Debug.Assert(IsCurrent, "Slots belong to the loop.");
        if (!_freeSlots.TryPop(out int index))
        {
            index = _slotCount++;
            if (index == _slots.Length)
            {
                Array.Resize(ref _slots, Math.Max(64, _slots.Length * 2));
                _deadlines.EnsureSlots(_slots.Length);
            }
        }

        ref Slot slot = ref _slots[index];
        slot.Member = member;
        slot.Generation++;
        ConnectionCount++;
        return new ConnectionId(Index, index, slot.Generation);
    }

    /// <summary>
    /// Frees the slot: from now on the id resolves to nothing. Loop only. An id that resolves to nothing frees nothing: a slot that was freed twice would be
    /// given to two connections at once.
    /// </summary>
    public void Unregister(ConnectionId id)
    {
        Debug.Assert(IsCurrent && FindMember(id) is not null, "A slot is freed once, by its loop.");
        if (FindMember(id) is null)
        {
            return;
        }

        _deadlines.Cancel(id.SlotIndex);
        ref Slot slot = ref _slots[id.SlotIndex];
        slot.Member = null;
        ConnectionCount--;
        _freeSlots.Push(id.SlotIndex);
    }

    /// <summary>Resolves an id; null when that connection has ended. Loop only.</summary>
    public ILoopMember? FindMember(ConnectionId id)
        => id.SlotIndex < _slotCount && _slots[id.SlotIndex].Generation == id.Generation ? _slots[id.SlotIndex].Member : null;

    /// <summary>Calls <paramref name="visit"/> for each connection that lives here. Loop only; a visit may end connections.</summary>
    public void VisitAll<TState>(Action<ILoopMember, TState> visit, TState state)
    {
        for (int i = 0; i < _slotCount; i++)
        {
            if (_slots[i].Member is { } member)
            {
                visit(member, state);
                RestoreThread();
            }
        }
    }

    /// <summary>An exception came as far as the loop, out of a call for <paramref name="source"/>. It is told, and the loop goes on. Any thread.</summary>
    public void Fault(object? source, Exception exception) => FaultSink?.OnLoopFault(source, exception);

    /// <summary>Asks for <see cref="ILoopMember.OnTurnEnd"/> once; the member keeps track of having asked. Loop only.</summary>
    public void RequestTurnEnd(ILoopMember member) => _turnEnd.Add(member);

    /// <summary>Runs <paramref name="chore"/> once, about so many milliseconds from now. For the few things a loop does for itself. Loop only.</summary>
    public void Schedule(Action chore, int delayMilliseconds) => _chores.Add(new Chore(NowMilliseconds + delayMilliseconds, chore));

    /// <summary>Asks the thread to end after its turn. Any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        Post(static _ => { }, null);
    }

    /// <summary>
    /// Polls the kernel for up to <paramref name="timeoutMilliseconds"/> (-1: no limit) and raises events. Calls <see cref="BeginTurn"/> as soon as it has waited.
    /// Returns whether the kernel may hold more events than were raised.
    /// </summary>
    protected abstract bool Poll(int timeoutMilliseconds);

    /// <summary>Ends a <see cref="Poll"/> that waits. Any thread.</summary>
    protected abstract void Wake();

    /// <summary>Gives back what the back end holds. Called on the loop's thread, last.</summary>
    protected abstract void CloseBackEnd();

    /// <summary>The clock is read here, once a turn.</summary>
    protected void BeginTurn()
    {
        Volatile.Write(ref _awake, 1);
        NowMilliseconds = ReadClock();
        Counters.BeginTurn(NowMilliseconds);
    }

    private protected bool HasPostedWork => !_work.IsEmpty;

    /// <summary>Work, or a turn's end, is waiting.</summary>
    private protected bool HasWork => !_work.IsEmpty || _turnEnd.Count > 0;

    /// <summary>For a loop that is driven from outside: producers wake it also between turns.</summary>
    private protected void MarkAsleep() => Interlocked.Exchange(ref _awake, 0);

    private protected virtual long ReadClock() => Environment.TickCount64;

    /// <summary>One turn; waits at most so long when there is nothing to do.</summary>
    private protected void RunTurn(bool mayWait)
    {
        int timeout = mayWait ? WaitMilliseconds() : 0;
        if (timeout != 0)
        {
            // From here on a producer wakes the loop; one that enqueued just before is seen by the second look.
            Interlocked.Exchange(ref _awake, 0);
            if (!_work.IsEmpty)
            {
                timeout = 0;
            }
        }

        bool hasMore = Poll(timeout);
        RunWork();
        PollBeforeDeadlines(hasMore);
        RaiseDeadlines();
        RaiseDelayed();
        RunChores();
        EndTurn();
        _turnEndMilliseconds = ReadClock();
        Counters.EndTurn(_turnEndMilliseconds);
    }

    private void Adopt(object? state)
    {
        (TransportConnection connection, ITransportHost host) = ((TransportConnection, ITransportHost))state!;
        Interlocked.Decrement(ref _dealt);
        host.OnAccepted(this, connection);
    }

    private void Enqueue(WorkItem item)
    {
        _work.Enqueue(item);

        // The first producer after the loop went to sleep wakes it; the others find it awake. The fence pairs with the one before the wait.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _awake) == 0 && Interlocked.Exchange(ref _awake, 1) == 0)
        {
            WakeOrRunLate();
        }
    }

    private void RunWork()
    {
        // Bounded by what was there at the start and by time, so that work that posts itself, or much of it, cannot keep the sockets waiting.
        int left = _work.Count;
        while (left > 0 && _work.TryDequeue(out WorkItem item))
        {
            Run(item);
            left--;
            if (left % WorkItemsPerClock == 0 && ReadClock() - NowMilliseconds > MaxWorkMilliseconds)
            {
                break;
            }
        }
    }

    private void Run(in WorkItem item)
    {
        try
        {
            item.Run();
        }
        catch (Exception exception)
        {
            Fault(item.Owner, exception);
        }

        RestoreThread();
    }

    private void RunChores()
    {
        for (int i = _chores.Count - 1; i >= 0; i--)
        {
            Chore chore = _chores[i];
            if (chore.DueMilliseconds <= NowMilliseconds)
            {
                _chores.RemoveAt(i);
                try
                {
                    chore.Run();
                }
                catch (Exception exception)
                {
                    Fault(source: null, exception);
                }

                RestoreThread();
            }
        }
    }

    private void EndTurn()
    {
        for (int pass = 0; pass < MaxTurnEndPasses && _turnEnd.Count > 0; pass++)
        {
            (_turnEnd, _turnEndSpare) = (_turnEndSpare, _turnEnd);
            foreach (ILoopMember member in _turnEndSpare)
            {
                try
                {
                    member.OnTurnEnd();
                }
                catch (Exception exception)
                {
                    Fault(member, exception);
                }

                RestoreThread();
            }

            _turnEndSpare.Clear();
        }
    }

    private int WaitMilliseconds()
    {
        if (_turnEnd.Count > 0 || !_work.IsEmpty || _stopping)
        {
            return 0;
        }

        // Nothing but the loop's condition lies between the last turn's end and here: the clock need not be read again.
        long now = _turnEndMilliseconds;
        int wait = Sooner(_deadlines.MillisecondsToNext(now), Timers.MillisecondsToNext(now));
        foreach (Chore chore in _chores)
        {
            wait = Sooner(wait, (int)Math.Clamp(chore.DueMilliseconds - now, 0, int.MaxValue));
        }

        return Sooner(wait, MillisecondsToDelayed());
    }

    /// <summary>Of two waits the shorter; -1 is for ever.</summary>
    private static int Sooner(int one, int other) => one < 0 ? other : other < 0 ? one : Math.Min(one, other);

    private void TrimPools()
    {
        Segments.Trim();
        Schedule(TrimPools, TrimMilliseconds);
    }

    private struct Slot
    {
        public ILoopMember? Member;
        public uint Generation;
    }

    private readonly record struct Chore(long DueMilliseconds, Action Run);

    private readonly struct WorkItem(Delegate work, object? state, object? owner)
    {
        /// <summary>Who ends when the work fails. Work of the engine's own has its connection, or what lies beneath it, as its state.</summary>
        public object? Owner => owner ?? state;

        public void Run()
        {
            if (work is Action<object?> action)
            {
                action(state);
            }
            else
            {
                ((SendOrPostCallback)work)(state);
            }
        }
    }
}
