using System.Diagnostics;

namespace Conformance;

/// <summary>What a case does later, soonest first. One task waits for the soonest; it is made anew only when another one becomes that.</summary>
internal sealed class PeerTimers
{
    private readonly PriorityQueue<Action, long> _queue = new();
    private Task _wait = Task.CompletedTask;
    private long _waitsFor = long.MaxValue;

    public void Add(TimeSpan after, Action action) =>
        _queue.Enqueue(action, Stopwatch.GetTimestamp() + (long)(after.TotalSeconds * Stopwatch.Frequency));

    /// <summary>Completes when something is due; null when nothing is planned.</summary>
    public Task? NextDue()
    {
        if (!_queue.TryPeek(out _, out long due))
        {
            return null;
        }

        if (due != _waitsFor)
        {
            _waitsFor = due;
            long left = Math.Max(0, due - Stopwatch.GetTimestamp());
            _wait = Task.Delay(TimeSpan.FromSeconds((double)left / Stopwatch.Frequency) + TimeSpan.FromMilliseconds(1));
        }

        return _wait;
    }

    public bool TryTakeDue(out Action? action)
    {
        action = null;
        if (_queue.TryPeek(out Action? first, out long due) && due <= Stopwatch.GetTimestamp())
        {
            _queue.Dequeue();
            action = first;
        }

        return action is not null;
    }
}
