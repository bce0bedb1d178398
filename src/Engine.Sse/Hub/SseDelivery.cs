namespace Engine.Sse;

/// <summary>One event for some members of one loop.</summary>
/// <param name="members">Those who were to get it when it was published.</param>
/// <param name="prepared">The formatted event.</param>
/// <param name="sequence">Its place in the hub's order; 0 for one that no history remembers.</param>
/// <param name="policy">What becomes of it for slow members.</param>
internal readonly struct SseDelivery<TSession>(ReadOnlyMemory<SseMember<TSession>> members, SharedSegment prepared, long sequence, BackpressurePolicy policy)
{
    public SharedSegment Prepared => prepared;

    /// <summary>Hands it to each member. On their loop.</summary>
    public SsePublishResult Deliver()
    {
        int delivered = 0;
        int queued = 0;
        int dropped = 0;
        foreach (SseMember<TSession> member in members.Span)
        {
            switch (member.Deliver(prepared, sequence, policy))
            {
                case SendStatus.Sent:
                    delivered++;
                    break;
                case SendStatus.Queued:
                    queued++;
                    break;
                case SendStatus.Dropped:
                    dropped++;
                    break;
            }
        }

        return new SsePublishResult(delivered, queued, dropped);
    }
}
