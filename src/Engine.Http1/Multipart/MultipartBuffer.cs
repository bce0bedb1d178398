using System.Buffers;
using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>
/// A window over a body that looks for one delimiter. What has been searched is not searched again, whatever pieces it comes or is taken
/// in: the work is linear in the length of the body. Its memory does not grow. One user at a time.
/// </summary>
internal sealed class MultipartBuffer : IDisposable
{
    private readonly PipeReader _body;
    private readonly byte[] _delimiter;
    private byte[]? _bytes;
    private int _start;
    private int _end;

    /// <summary>Where the data ends as far as it is known: everything before it is data, and has been searched.</summary>
    private int _known;
    private bool _isDelimited;
    private bool _isComplete;

    /// <param name="body">Read to its end or to where the caller stops.</param>
    /// <param name="delimiter">CRLF, two hyphens, the boundary.</param>
    /// <param name="minBytes">The longest run of bytes that the caller asks for at once.</param>
    public MultipartBuffer(PipeReader body, byte[] delimiter, int minBytes)
    {
        _body = body;
        _delimiter = delimiter;
        _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(32_768, minBytes + delimiter.Length));

        // The first delimiter stands at the beginning of a line as all others do, but there need be no line before it (RFC 2046 §5.1.1).
        "\r\n"u8.CopyTo(_bytes);
        _end = 2;
    }

    /// <summary>Everything that is there, delimiter or not.</summary>
    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Data that is there, up to the delimiter or to where one may begin.</summary>
    public ReadOnlySpan<byte> Data => _bytes.AsSpan(_start, _known - _start);

    /// <summary>Whether the delimiter follows <see cref="Data"/>.</summary>
    public bool IsDelimited => _isDelimited;

    /// <summary>Looks for the delimiter in what has come since the last look.</summary>
    public void Search()
    {
        if (_isDelimited)
        {
            return;
        }

        int at = _bytes.AsSpan(_known, _end - _known).IndexOf(_delimiter);
        if (at >= 0)
        {
            _known += at;
            _isDelimited = true;
            return;
        }

        // What is left is shorter than a delimiter, and so is what is looked at twice.
        _known = Math.Max(_known, _end - _delimiter.Length + 1);
    }

    /// <summary>Goes past bytes of the data.</summary>
    public void TakeData(int count) => _start += count;

    /// <summary>Goes past the delimiter, before which no data is left.</summary>
    public void TakeDelimiter()
    {
        _start += _delimiter.Length;
        _known = _start;
        _isDelimited = false;
    }

    /// <summary>Goes past bytes in which no delimiter was looked for: the header of a part.</summary>
    public void Take(int count)
    {
        _start += count;
        _known = _start;
    }

    /// <summary>Reads more of the body. False at its end, or when nothing more fits in.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        MakeRoom();
        if (_isComplete || _end == _bytes.Length)
        {
            return false;
        }

        ReadResult result = await _body.ReadAsync(cancellationToken);
        if (result.IsCanceled)
        {
            throw new OperationCanceledException("The read of the body was cancelled.");
        }

        ReadOnlySequence<byte> come = result.Buffer;
        int count = (int)Math.Min(come.Length, _bytes.Length - _end);
        ReadOnlySequence<byte> taken = come.Slice(0, count);
        taken.CopyTo(_bytes.AsSpan(_end));
        _isComplete = result.IsCompleted && count == come.Length;
        _body.AdvanceTo(taken.End);
        _end += count;
        return count > 0;
    }

    /// <summary>Gives the memory back. Idempotent.</summary>
    public void Dispose()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            _start = _end = _known = 0;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void MakeRoom()
    {
        // Moving a small rest costs little; a large one is moved only when there is no room behind it.
        if (_start > 0 && (_end == _bytes!.Length || _end - _start <= _delimiter.Length))
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            _known -= _start;
            _end -= _start;
            _start = 0;
        }
    }
}
