using Engine.PubSub;

namespace Engine.Backplane.Nats;

/// <summary>
/// Puts what is heard of one topic into the order of the stream. A server that two clients publish to at once tells of two messages in either order: each says which one
/// is before it, and waits here until that one has come. One thread at a time.
/// </summary>
internal sealed class NatsArrivals
{
    public const int MaxHeld = 64;

    private readonly SortedDictionary<ulong, BackplaneMessage> _held = [];

    /// <summary>The newest sequence that was taken out; 0 for none.</summary>
    public ulong Newest { get; private set; }

    public bool HasHeld => _held.Count > 0;

    public void Add(in BackplaneMessage message) => _held[message.Position.Offset] = message;

    /// <summary>Takes the next one out, if nothing is missing before it, or it is not to be waited for any more.</summary>
    public bool TryTake(bool isOverdue, out BackplaneMessage message)
    {
        message = default;
        if (_held.Count == 0)
        {
            return false;
        }

        (ulong sequence, message) = _held.First();
        if (!isOverdue && _held.Count <= MaxHeld && Newest != 0 && message.PreviousOffset > Newest)
        {
            return false;
        }

        _held.Remove(sequence);
        Newest = Math.Max(Newest, sequence);
        return true;
    }
}
