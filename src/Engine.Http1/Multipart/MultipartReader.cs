using System.Text;

namespace Engine.Http1;

/// <summary>
/// Reads a <c>multipart/form-data</c> body part by part while it comes in (RFC 7578, RFC 2046 §5.1): memory stays the same however large
/// the body is. One part at a time: asking for the next one skips what is left of the last. For one thread at a time; valid as long as the
/// request.
/// </summary>
public sealed class MultipartReader : IDisposable
{
    private readonly MultipartLimits _limits;
    private readonly MultipartBuffer _buffer;
    private MultipartPart? _part;
    private int _parts;
    private long _partBytes;
    private bool _isEnded;

    internal MultipartReader(System.IO.Pipelines.PipeReader body, string boundary, MultipartLimits limits)
    {
        _limits = limits;
        _buffer = new MultipartBuffer(body, Encoding.ASCII.GetBytes($"\r\n--{boundary}"), limits.MaxPartHeaderBytes);
    }

    /// <summary>Goes on to the next part; null when there are no more.</summary>
    /// <exception cref="RequestBodyException">
    /// The body is not multipart, ends before its end (status 400), or passes a limit (413); or it could not be read. A handler may let it
    /// pass.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The reader may be asked again.</exception>
    public async ValueTask<MultipartPart?> ReadPartAsync(CancellationToken cancellationToken = default)
    {
        if (_isEnded)
        {
            return null;
        }

        await SkipToDelimiterAsync(cancellationToken);
        _part = null;
        if (!await ReadDelimiterLineAsync(cancellationToken))
        {
            // What stands behind the last delimiter is no part (RFC 2046 §5.1.1).
            _isEnded = true;
            _buffer.Dispose();
            return null;
        }

        if (++_parts > _limits.MaxParts)
        {
            throw TooMuch("The body has more parts than are taken.");
        }

        MultipartPart part = await ReadHeaderAsync(cancellationToken);
        _partBytes = 0;
        return _part = part;
    }

    /// <summary>Gives the reader's memory back before the last part has been read; after it nothing is left to do. Idempotent.</summary>
    public void Dispose()
    {
        _isEnded = true;
        _part = null;
        _buffer.Dispose();
    }

    /// <summary>Reads content of the part at hand; 0 at its end.</summary>
    internal async ValueTask<int> ReadContentAsync(MultipartPart part, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(part, _part))
        {
            throw new ObjectDisposedException(nameof(MultipartPart), "A part can be read until the next one is asked for.");
        }

        if (destination.IsEmpty)
        {
            return 0;
        }

        int available = await WaitForDataAsync(cancellationToken);
        int count = Math.Min(available, destination.Length);
        _buffer.Data[..count].CopyTo(destination.Span);
        TakeContent(count);
        return count;
    }

    private async ValueTask SkipToDelimiterAsync(CancellationToken cancellationToken)
    {
        while (await WaitForDataAsync(cancellationToken) is > 0 and var count)
        {
            TakeContent(count);
        }

        _buffer.TakeDelimiter();
    }

    /// <summary>Waits until there is content, and says how much; 0 when the delimiter is next.</summary>
    private async ValueTask<int> WaitForDataAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _buffer.Search();
            if (_buffer.Data.Length > 0 || _buffer.IsDelimited)
            {
                return _buffer.Data.Length;
            }

            if (!await _buffer.FillAsync(cancellationToken))
            {
                throw Broken("The body ends within a part.");
            }
        }
    }

    private void TakeContent(int count)
    {
        _buffer.TakeData(count);
        _partBytes += count;
        long max = _parts == 0 ? _limits.MaxPartHeaderBytes : _limits.MaxPartBytes;
        if (_partBytes > max)
        {
            throw TooMuch("A part is longer than is taken.");
        }
    }

    /// <summary>
    /// What follows a delimiter on its line: nothing but spaces before a part, two hyphens after the last one. False for these.
    /// </summary>
    private async ValueTask<bool> ReadDelimiterLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (TakeDelimiterLine())
            {
                case LineKind.Part:
                    return true;
                case LineKind.End:
                    return false;
                case LineKind.Unfinished when !await _buffer.FillAsync(cancellationToken):
                    throw Broken("The body ends behind a delimiter.");
            }
        }
    }

    private LineKind TakeDelimiterLine()
    {
        ReadOnlySpan<byte> rest = _buffer.Unread;
        if (rest.StartsWith("--"u8))
        {
            return LineKind.End;
        }

        int spaces = rest.IndexOfAnyExcept(" \t"u8);
        spaces = spaces < 0 ? rest.Length : spaces;
        if (spaces > _limits.MaxPartHeaderBytes)
        {
            throw TooMuch("A delimiter has more spaces behind it than are taken.");
        }

        ReadOnlySpan<byte> end = rest[spaces..];
        if (end.StartsWith("\r\n"u8))
        {
            // Not the line end, which may be half of the one that ends an empty header.
            _buffer.Take(spaces);
            return LineKind.Part;
        }

        bool mayBe = end.IsEmpty || (end.Length == 1 && (end[0] == '\r' || (end[0] == '-' && spaces == 0)));
        return mayBe ? LineKind.Unfinished : throw Broken("A delimiter is followed by something else.");
    }

    private async ValueTask<MultipartPart> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        int searched = 0;
        while (true)
        {
            int end = _buffer.Unread[searched..].IndexOf("\r\n\r\n"u8);
            if (end >= 0 && searched + end <= _limits.MaxPartHeaderBytes)
            {
                end += searched;
                var part = MultipartPart.Parse(this, _buffer.Unread[..(end + 2)]) ?? throw Broken("The header of a part is malformed.");

                _buffer.Take(end + 4);
                return part;
            }

            searched = Math.Max(0, _buffer.Unread.Length - 3);
            if (searched > _limits.MaxPartHeaderBytes)
            {
                throw TooMuch("The header of a part is longer than is taken.");
            }

            if (!await _buffer.FillAsync(cancellationToken))
            {
                throw Broken("The body ends within the header of a part.");
            }
        }
    }

    /// <summary>Nothing more can be read after this.</summary>
    private RequestBodyException Broken(string why)
    {
        _buffer.Dispose();
        return new RequestBodyException(why, 400);
    }

    private RequestBodyException TooMuch(string why)
    {
        _buffer.Dispose();
        return new RequestBodyException(why, 413);
    }

    private enum LineKind : byte
    {
        Unfinished = 0,
        Part = 1,
        End = 2,
    }
}
