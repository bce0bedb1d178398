namespace Engine;

/// <summary>Brings the continuation of an <c>await</c> in a handler back to the loop that the handler runs on.</summary>
internal sealed class LoopSynchronizationContext(EventLoop loop) : SynchronizationContext
{
    public EventLoop Loop => loop;

    public override void Post(SendOrPostCallback d, object? state) => loop.PostContinuation(d, state);

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (!loop.IsCurrent)
        {
            // Blocking another thread on a loop invites deadlock: the loop may be waiting for that thread.
            throw new NotSupportedException("An event loop takes work by Post only.");
        }

        d(state);
    }

    public override SynchronizationContext CreateCopy() => this;
}
