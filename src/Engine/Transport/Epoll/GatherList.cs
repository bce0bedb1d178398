using System.Buffers;
using System.Runtime.InteropServices;

namespace Engine;

/// <summary>Vectors over a chain of segments for one call of the kernel. Blocks are pinned from birth; what callers share is pinned for the call.</summary>
internal sealed unsafe class GatherList
{
    private const int MaxCount = 64;

    private readonly Libc.IoVector[] _vectors = GC.AllocateArray<Libc.IoVector>(MaxCount, pinned: true);
    private readonly MemoryHandle[] _pins = new MemoryHandle[MaxCount];
    private int _pinCount;

    /// <summary>Takes in the chain from <paramref name="segment"/> on. Answers the bytes, and the segment behind the last one taken in.</summary>
    public int Fill(Segment segment, out Libc.MessageHeader message, out Segment? behind)
    {
        int count = 0;
        int bytes = 0;
        Segment? current = segment;
        for (; current is not null && count < MaxCount; current = current.Next)
        {
            if (current.LengthBytes == 0)
            {
                continue;
            }

            ref Libc.IoVector vector = ref _vectors[count++];
            vector.Base = Address(current);
            vector.Length = current.LengthBytes;
            bytes += current.LengthBytes;
        }

        message = default;
        message.Vectors = (Libc.IoVector*)Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, 0);
        message.VectorCount = count;
        behind = current;
        return bytes;
    }

    /// <summary>After the call.</summary>
    public void Release()
    {
        for (; _pinCount > 0; _pinCount--)
        {
            _pins[_pinCount - 1].Dispose();
        }
    }

    private byte* Address(Segment segment)
    {
        if (segment.PinnedBlock is { } block)
        {
            return (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(block, segment.Start);
        }

        MemoryHandle pin = segment.Pending.Pin();
        _pins[_pinCount++] = pin;
        return (byte*)pin.Pointer;
    }
}
