using System.Buffers;
using System.Text;

namespace Engine.Sse;

/// <summary>
/// Reads the event stream format (WHATWG HTML §9.2.6) from pieces of any size. Pure: bytes in, one event at a time out. Holds at most one unfinished event
/// of at most <paramref name="maxEventBytes"/> bytes; comments take no room. Not for several threads.
/// </summary>
/// <param name="buffers">Where the two buffers come from and return to.</param>
/// <param name="maxEventBytes">The bound on one event's lines, comments not counted.</param>
/// <param name="lastEventId">The id that the client came with, which stays until the server sends another; empty for none.</param>
internal sealed class EventStreamParser(EventBufferPool buffers, int maxEventBytes, string lastEventId) : IDisposable
{
    private readonly EventBuffer _line = buffers.Rent();
    private readonly EventBuffer _data = buffers.Rent();

    /// <summary>The standard's "last event ID buffer".</summary>
    private string _idBuffer = lastEventId;

    /// <summary>The id among the lines of the event that is being read.</summary>
    private string? _ownId;
    private string _eventType = "";

    /// <summary>The line that is being read begins with a colon: its bytes are dropped as they come.</summary>
    private bool _isInComment;
    private bool _isFirstLine = true;
    private bool _endedByCarriageReturn;

    /// <summary>The data belongs to an event that the caller has seen.</summary>
    private bool _isDispatched;

    /// <summary>The id to come back with. Set when an event is complete, not when its id is read: an event that was cut has not been seen.</summary>
    public string LastEventId { get; private set; } = lastEventId;

    /// <summary>The id that the current event itself carries; null when it has none.</summary>
    public string? EventId { get; private set; }

    /// <summary>The current event's name; <c>message</c> when it has none.</summary>
    public string EventType { get; private set; } = "message";

    /// <summary>The current event's data as UTF-8. Valid until the next call of <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Data => _data.Span[..^1];

    /// <summary>What the server asked for last with <c>retry:</c>; null until it did.</summary>
    public TimeSpan? ReconnectionInterval { get; private set; }

    /// <summary>Takes bytes from the front of <paramref name="input"/> until an event is complete or too large, or nothing is left.</summary>
    public EventStreamStatus Read(ref ReadOnlySpan<byte> input)
    {
        if (_isDispatched)
        {
            _isDispatched = false;
            _data.Clear();
        }

        while (!input.IsEmpty)
        {
            if (_endedByCarriageReturn)
            {
                // CR LF is one line end, also when a piece ends between the two. The line itself did not wait for the LF, which may never come.
                _endedByCarriageReturn = false;
                if (input[0] == (byte)'\n')
                {
                    input = input[1..];
                    continue;
                }
            }

            int end = input.IndexOfAny((byte)'\r', (byte)'\n');
            if (!TryKeep(end < 0 ? input : input[..end]))
            {
                return EventStreamStatus.TooLarge;
            }

            if (end < 0)
            {
                input = default;
                break;
            }

            _endedByCarriageReturn = input[end] == (byte)'\r';
            input = input[(end + 1)..];
            if (EndLine())
            {
                return EventStreamStatus.Event;
            }
        }

        return EventStreamStatus.NeedMore;
    }

    /// <summary>Gives the buffers back.</summary>
    public void Dispose()
    {
        _line.Return();
        _data.Return();
    }

    /// <summary>Adds a piece to the line; false when the event becomes too large.</summary>
    private bool TryKeep(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
        {
            return true;
        }

        _isInComment |= _line.Span.IsEmpty && piece[0] == (byte)':';
        if (_isInComment)
        {
            return true;
        }

        if (piece.Length > maxEventBytes - _line.Span.Length - _data.Span.Length)
        {
            return false;
        }

        _line.Write(piece);
        return true;
    }

    /// <summary>A line is complete. Returns true when it completes an event that has data.</summary>
    private bool EndLine()
    {
        if (_isInComment)
        {
            _isInComment = false;
            _isFirstLine = false;
            return false;
        }

        ReadOnlySpan<byte> line = _line.Span;
        if (_isFirstLine)
        {
            _isFirstLine = false;
            line = line.StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;
        }

        bool isEvent = false;
        if (line.IsEmpty)
        {
            isEvent = Dispatch();
        }
        else
        {
            int colon = line.IndexOf((byte)':');
            ReadOnlySpan<byte> value = colon < 0 ? default : line[(colon + 1)..];
            TakeField(colon < 0 ? line : line[..colon], value is [(byte)' ', ..] ? value[1..] : value);
        }

        _line.Clear();
        return isEvent;
    }

    private void TakeField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("data"u8))
        {
            _data.Write(value);
            _data.Write("\n"u8);
        }
        else if (name.SequenceEqual("event"u8))
        {
            _eventType = Encoding.UTF8.GetString(value);
        }
        else if (name.SequenceEqual("id"u8))
        {
            if (!value.Contains((byte)0))
            {
                _ownId = _idBuffer = Encoding.UTF8.GetString(value);
            }
        }
        else if (name.SequenceEqual("retry"u8) && !value.IsEmpty && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            // More digits than a number holds are a long time.
            bool isNumber = long.TryParse(value, out long milliseconds);
            ReconnectionInterval = TimeSpan.FromMilliseconds(isNumber ? Math.Min(milliseconds, int.MaxValue) : int.MaxValue);
        }
    }

    /// <summary>Ends an event at its empty line: its id counts from here on, with data or without.</summary>
    private bool Dispatch()
    {
        LastEventId = _idBuffer;
        EventId = _ownId;
        EventType = _eventType.Length > 0 ? _eventType : "message";
        _ownId = null;
        _eventType = "";
        _isDispatched = !_data.Span.IsEmpty;
        return _isDispatched;
    }
}
