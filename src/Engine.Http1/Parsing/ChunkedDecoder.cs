using System.Runtime.CompilerServices;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// Removes the chunked coding (RFC 9112 §7.1). Pure and resumable at every byte: each call takes some bytes and answers one slice of data, or asks for
/// more, or has reached the end. Extensions and trailers are bounded, checked and ignored.
/// </summary>
internal struct ChunkedDecoder
{
    private const int MaxSizeDigits = 15;

    private State _state;
    private long _left;
    private int _digitCount;
    private int _extensionBytes;
    private int _trailerBytes;
    private int _trailerLineBytes;
    private bool _trailerHasColon;
    private ChunkExtension.State _extension;
    private TrailerName _trailerName;

    private enum State : byte
    {
        Size = 0,
        Extension,
        SizeLineFeed,
        Data,
        DataReturn,
        DataLineFeed,
        TrailerLine,
        TrailerLineFeed,
        Done,
    }

    public readonly bool IsDone => _state == State.Done;

    /// <summary>How much of the current chunk's data is still to come, by the size that was said.</summary>
    public readonly long PendingBytes => _state is State.Data or State.Extension or State.SizeLineFeed ? _left : 0;

    /// <summary>
    /// Takes bytes from the front of <paramref name="bytes"/>. True with a slice of data (empty at the end, see <see cref="IsDone"/>); false when it needs more
    /// or <paramref name="rejection"/> says what is wrong. <paramref name="consumed"/> bytes were taken in any case.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> bytes, HttpLimits limits, out ReadOnlySpan<byte> data, out int consumed, out HttpRejection rejection)
    {
        data = default;
        rejection = HttpRejection.None;
        for (consumed = 0; consumed < bytes.Length;)
        {
            if (_state == State.Data)
            {
                int count = (int)Math.Min(_left, bytes.Length - consumed);
                data = bytes.Slice(consumed, count);
                consumed += count;
                _left -= count;
                _state = _left == 0 ? State.DataReturn : State.Data;
                return true;
            }

            rejection = Step(bytes[consumed++], limits);
            if (rejection != HttpRejection.None)
            {
                return false;
            }

            if (_state == State.Done)
            {
                return true;
            }
        }

        return false;
    }

    private HttpRejection Step(byte value, HttpLimits limits)
    {
        switch (_state)
        {
            case State.Size:
                return StepSize(value);
            case State.Extension:
                return StepExtension(value, limits);
            case State.SizeLineFeed:
                if (value != '\n')
                {
                    return HttpRejection.BadRequest;
                }

                _state = _left > 0 ? State.Data : State.TrailerLine;
                return HttpRejection.None;
            case State.DataReturn:
                _state = State.DataLineFeed;
                return value == '\r' ? HttpRejection.None : HttpRejection.BadRequest;
            case State.DataLineFeed:
                _state = State.Size;
                _digitCount = 0;
                _left = 0;
                return value == '\n' ? HttpRejection.None : HttpRejection.BadRequest;
            default:
                return StepTrailer(value, limits);
        }
    }

    private HttpRejection StepSize(byte value)
    {
        if (char.IsAsciiHexDigit((char)value))
        {
            // Leading zeros count as digits: the size is bounded in length as well as in value.
            if (++_digitCount > MaxSizeDigits)
            {
                return HttpRejection.BadRequest;
            }

            _left = (_left << 4) | (uint)(value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10);
            return HttpRejection.None;
        }

        if (_digitCount == 0)
        {
            return HttpRejection.BadRequest;
        }

        switch (value)
        {
            case (byte)'\r':
                _state = State.SizeLineFeed;
                return HttpRejection.None;
            case (byte)';' or (byte)' ' or (byte)'\t':
                _state = State.Extension;
                _extension = value == ';' ? ChunkExtension.State.BeforeName : ChunkExtension.State.BeforeSemicolon;
                return HttpRejection.None;
            default:
                return HttpRejection.BadRequest;
        }
    }

    private HttpRejection StepExtension(byte value, HttpLimits limits)
    {
        if (++_extensionBytes > limits.MaxChunkExtensionsSize)
        {
            return HttpRejection.BadRequest;
        }

        if (value == '\r' && ChunkExtension.MayEnd(_extension))
        {
            _state = State.SizeLineFeed;
            return HttpRejection.None;
        }

        _extension = ChunkExtension.Step(_extension, value);
        return _extension == ChunkExtension.State.Broken ? HttpRejection.BadRequest : HttpRejection.None;
    }

    private HttpRejection StepTrailer(byte value, HttpLimits limits)
    {
        if (++_trailerBytes > limits.MaxRequestTrailersTotalSize + 2)
        {
            return HttpRejection.FieldsTooLarge;
        }

        if (_state == State.TrailerLineFeed)
        {
            if (value != '\n' || (_trailerLineBytes > 0 && !_trailerHasColon))
            {
                return HttpRejection.BadRequest;
            }

            _state = _trailerLineBytes == 0 ? State.Done : State.TrailerLine;
            _trailerLineBytes = 0;
            _trailerHasColon = false;
            return HttpRejection.None;
        }

        if (value == '\r')
        {
            _state = State.TrailerLineFeed;
            return HttpRejection.None;
        }

        bool isNamePart = !_trailerHasColon;
        if (isNamePart && value == ':' && _trailerLineBytes > 0)
        {
            _trailerHasColon = true;
            if (IsForbidden(((ReadOnlySpan<byte>)_trailerName)[..Math.Min(_trailerLineBytes, TrailerName.Length)]))
            {
                return HttpRejection.BadRequest;
            }
        }
        else if (isNamePart ? !HttpCharacters.Token.Contains(value) : HttpCharacters.NotInFieldValue.Contains(value))
        {
            return HttpRejection.BadRequest;
        }

        if (isNamePart && _trailerLineBytes < TrailerName.Length)
        {
            _trailerName[_trailerLineBytes] = value;
        }

        _trailerLineBytes++;
        return HttpRejection.None;
    }

    /// <summary>RFC 9110 §6.5.1: fields that frame or route a message must not stand in its trailers.</summary>
    private static bool IsForbidden(ReadOnlySpan<byte> name)
        => Ascii.EqualsIgnoreCase(name, "Content-Length"u8)
            || Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8)
            || Ascii.EqualsIgnoreCase(name, "Host"u8)
            || Ascii.EqualsIgnoreCase(name, "Connection"u8)
            || Ascii.EqualsIgnoreCase(name, "Trailer"u8)
            || Ascii.EqualsIgnoreCase(name, "Upgrade"u8)
            || Ascii.EqualsIgnoreCase(name, "Content-Encoding"u8)
            || Ascii.EqualsIgnoreCase(name, "Authorization"u8);

    /// <summary>The first bytes of a trailer's name; one more than the longest that is forbidden.</summary>
    [InlineArray(Length)]
    private struct TrailerName
    {
        public const int Length = 18;

        private byte _first;
    }
}
