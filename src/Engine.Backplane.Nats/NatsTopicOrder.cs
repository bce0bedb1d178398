using Engine.PubSub;

namespace Engine.Backplane.Nats;

/// <summary>
/// Keeps the order of each topic: a publication leaves when the one before it is confirmed, and is refused when that one failed, because taken first it would
/// overtake it. JetStream cannot be asked to see to that for publications under way, whose sequences are not known yet. Any thread.
/// </summary>
internal sealed class NatsTopicOrder
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _last = new(StringComparer.Ordinal);

    /// <exception cref="IOException">The publication before it has failed.</exception>
    public Task<BackplaneReceipt> PublishAsync(BackplanePublication publication, Func<Task<BackplaneReceipt>> send)
    {
        var entry = new Entry(publication.Sequence);
        lock (_gate)
        {
            // One that comes again follows nothing that is under way: its owner has sent what is before it again, or has its confirmation.
            bool hasPrevious = _last.TryGetValue(publication.Topic, out Entry? previous) && previous.Sequence < publication.Sequence && !publication.FollowsConfirmed;
            _last[publication.Topic] = entry;
            entry.Answer = RunAsync(publication.Topic, entry, hasPrevious ? previous!.Answer : null, send);
            return entry.Answer;
        }
    }

    private async Task<BackplaneReceipt> RunAsync(string topic, Entry entry, Task<BackplaneReceipt>? previous, Func<Task<BackplaneReceipt>> send)
    {
        // Whatever the client does, it does outside of the lock.
        await Task.Yield();
        if (previous is not null)
        {
            try
            {
                await previous.ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                throw new IOException("An earlier publication of this node is missing.", exception);
            }
        }

        BackplaneReceipt receipt = await send().ConfigureAwait(false);
        lock (_gate)
        {
            if (_last.TryGetValue(topic, out Entry? last) && last == entry)
            {
                _last.Remove(topic);
            }
        }

        return receipt;
    }

    private sealed class Entry(long sequence)
    {
        public long Sequence => sequence;

        public Task<BackplaneReceipt> Answer { get; set; } = null!;
    }
}
