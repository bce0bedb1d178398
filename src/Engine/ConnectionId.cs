using System.Globalization;

namespace Engine;

/// <summary>
/// Names one connection of one server for as long as the process lives. Other threads, topics and registries hold the id,
/// never the object: the id of a connection that has ended resolves to nothing, even after its slot was taken by another.
/// </summary>
/// <param name="Value">Loop (8 bits), slot (24 bits) and generation (32 bits).</param>
public readonly record struct ConnectionId(ulong Value)
{
    internal const int MaxLoops = 1 << 8;
    internal const int MaxSlots = 1 << 24;

    internal ConnectionId(int loopIndex, int slotIndex, uint generation)
        : this(((ulong)loopIndex << 56) | ((ulong)slotIndex << 32) | generation)
    {
    }

    /// <summary>The event loop that the connection lives on, from 0.</summary>
    public int LoopIndex => (int)(Value >> 56);

    internal int SlotIndex => (int)(Value >> 32) & (MaxSlots - 1);

    internal uint Generation => (uint)Value;

    /// <summary>Sixteen hexadecimal digits: short, sortable by loop, and the same in every log line.</summary>
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
