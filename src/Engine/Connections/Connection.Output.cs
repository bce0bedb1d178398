using System.Buffers;

namespace Engine;

/// <summary>Writing straight into the queue: what is advanced leaves with the turn.</summary>
public sealed partial class Connection : IBufferWriter<byte>
{
    /// <summary>
    /// Writes straight into the tail of the queue. Loop only. What is advanced is counted and leaves with the turn's one send, but never refused, so it
    /// is for bounded things: a response head and a small body. While a message is being streamed it goes behind that message.
    /// </summary>
    public IBufferWriter<byte> Output => this;

    void IBufferWriter<byte>.Advance(int count)
    {
        CheckLoop();
        if (!IsOpen)
        {
            return;
        }

        if (_waiters.IsStreaming)
        {
            _budget.Accept(count);
            _waiters.First!.HeldBack.Advance(count);
            return;
        }

        _queue.Advance(count);
        _queue.MarkKept(count);
        _budget.Accept(count);
        Written();
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        CheckLoop();
        return !IsOpen ? new byte[Math.Max(sizeHint, 256)] : _waiters.IsStreaming ? _waiters.First!.HeldBack.GetMemory(sizeHint) : _queue.GetMemory(sizeHint);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        CheckLoop();
        return !IsOpen ? new byte[Math.Max(sizeHint, 256)] : _waiters.IsStreaming ? _waiters.First!.HeldBack.GetMemory(sizeHint).Span : _queue.GetSpan(sizeHint);
    }
}
