using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>
/// A hub's side of one event loop: the outlets that have something new, and the subscribers that may be able to go on. Publishers push outlets on a lock-free stack
/// and wake the loop once for many; everything else is loop only.
/// </summary>
internal sealed class TopicLoop(TopicHub hub, LoopRef loop)
{
    /// <summary>Messages that are taken from a log at a time.</summary>
    private const int BatchCount = 64;

    private readonly Publication[] _batch = new Publication[BatchCount];
    private readonly List<TopicSubscriber> _scheduled = [];
    private readonly List<TopicSubscriber> _running = [];
    private readonly List<TopicSubscriber> _retrying = [];
    private readonly List<TopicOutlet> _waiting = [];
    private TopicOutlet? _signalled;
    private ITimer? _timer;
    private long _timerDueAt;
    private int _isPosted;

    public TopicHub Hub => hub;

    /// <summary>Room for what is taken from a log, for one use at a time.</summary>
    public Span<Publication> Batch => _batch;

    /// <summary>Any thread.</summary>
    public void Post(Action<object?> work, object? state) => loop.Post(work, state);

    /// <summary>Takes note of an outlet that has something new. Any thread; an outlet is pushed once until the loop has looked at it.</summary>
    public void Push(TopicOutlet outlet)
    {
        TopicOutlet? top = Volatile.Read(ref _signalled);
        while (true)
        {
            outlet.NextSignalled = top;
            TopicOutlet? seen = Interlocked.CompareExchange(ref _signalled, outlet, top);
            if (ReferenceEquals(seen, top))
            {
                break;
            }

            top = seen;
        }

        Wake();
    }

    /// <summary>Lets a subscriber go on with what it has not got. Loop only; safe in any callback, because it happens later in the turn.</summary>
    public void Schedule(TopicSubscriber subscriber)
    {
        if (!subscriber.IsScheduled)
        {
            subscriber.IsScheduled = true;
            _scheduled.Add(subscriber);
            Wake();
        }
    }

    /// <summary>Lets a subscriber of a latest topic go on a moment later: its connection still sends what it has.</summary>
    public void ScheduleLater(TopicSubscriber subscriber)
    {
        if (!subscriber.IsScheduled)
        {
            subscriber.IsScheduled = true;
            _retrying.Add(subscriber);
            SetTimer(TopicHub.RetryInterval);
        }
    }

    /// <summary>Pushes a signalled outlet again after some time.</summary>
    public void PushLater(TopicOutlet outlet, TimeSpan dueIn)
    {
        _waiting.Add(outlet);
        SetTimer(dueIn);
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _isPosted, 1) == 0)
        {
            loop.Post(static state => ((TopicLoop)state!).Run(), this);
        }
    }

    private void Run()
    {
        Interlocked.Exchange(ref _isPosted, 0);
        long startedAt = Stopwatch.GetTimestamp();
        TopicOutlet? outlet = Reverse(Interlocked.Exchange(ref _signalled, null));
        bool hadNews = outlet is not null;
        bool isOnly = outlet is { NextSignalled: null } && _scheduled.Count == 0;
        while (outlet is not null)
        {
            // Read before the delivery, which lets publishers push the outlet again.
            TopicOutlet? next = outlet.NextSignalled;
            outlet.NextSignalled = null;
            outlet.OnSignalled(isOnly);
            outlet = next;
        }

        _running.AddRange(_scheduled);
        _scheduled.Clear();
        foreach (TopicSubscriber subscriber in _running)
        {
            subscriber.IsScheduled = false;
            subscriber.CatchUp();
        }

        _running.Clear();
        if (hadNews)
        {
            hub.CountFanOut(Stopwatch.GetElapsedTime(startedAt));
        }
    }

    /// <summary>In the order in which they were pushed.</summary>
    private static TopicOutlet? Reverse(TopicOutlet? top)
    {
        TopicOutlet? reversed = null;
        while (top is not null)
        {
            TopicOutlet? next = top.NextSignalled;
            top.NextSignalled = reversed;
            reversed = top;
            top = next;
        }

        return reversed;
    }

    /// <summary>One timer a loop, set to the earliest of those who wait: the others are put off again when it fires.</summary>
    private void SetTimer(TimeSpan dueIn)
    {
        // Rounded up: a timer that fires early would find nothing due.
        TimeSpan due = TimeSpan.FromMilliseconds(Math.Max(Math.Ceiling(dueIn.TotalMilliseconds), 1));
        TimeProvider clock = hub.Options.Clock;
        long dueAt = clock.GetTimestamp() + (long)(due.TotalSeconds * clock.TimestampFrequency);
        if (_timerDueAt != 0 && _timerDueAt <= dueAt)
        {
            return;
        }

        _timerDueAt = dueAt;
        _timer ??= clock.CreateTimer(static state => ((TopicLoop)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    private void OnTimer() => loop.Post(static state => ((TopicLoop)state!).OnTimerOnLoop(), this);

    private void OnTimerOnLoop()
    {
        _timerDueAt = 0;
        foreach (TopicSubscriber subscriber in _retrying)
        {
            _scheduled.Add(subscriber);
        }

        _retrying.Clear();
        foreach (TopicOutlet outlet in _waiting)
        {
            Push(outlet);
        }

        _waiting.Clear();
        Wake();
    }
}
