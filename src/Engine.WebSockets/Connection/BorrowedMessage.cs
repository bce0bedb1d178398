using System.Diagnostics.CodeAnalysis;

namespace Engine.WebSockets;

/// <summary>
/// The one message that a reading loop has lent out. The next one ends it. One reader at a time; its memory is made with the first message and kept.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The memory gives messages back by their generation; disposing it has no meaning.")]
internal struct BorrowedMessage
{
    private MessageMemory? _memory;

    /// <summary>What the loop has; the default before its first message.</summary>
    public ReceivedMessage Current { get; private set; }

    /// <summary>Lends the next message.</summary>
    public void Lend(MessageBytes bytes)
    {
        Current.Release();

        // A send that nobody awaited may still read the last message: it keeps that memory, and the loop goes on with another.
        if (_memory is not { IsFree: true })
        {
            _memory = new MessageMemory();
        }

        Current = new ReceivedMessage(_memory, _memory.Hold(bytes.Rented, bytes.LengthBytes), bytes.IsText, isBorrowed: true);
    }

    /// <summary>Ends the message that is lent out, if one is.</summary>
    public void End()
    {
        Current.Release();
        Current = default;
    }
}
