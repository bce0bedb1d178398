using System.Diagnostics;
using System.Text;

namespace Engine.Http1;

/// <summary>How a response ends: with what its handler left unsent, with an error in its place, or with a change of the protocol.</summary>
public sealed partial class HttpResponse
{
    /// <summary>Forgets what a handler prepared before it failed; the fields that middleware set before it stay.</summary>
    internal void Restart(int statusCode)
    {
        Debug.Assert(!HasStarted, "A head that has left cannot be taken back.");
        Headers.Restart();
        DropEncoder();
        IsSwitching = false;
        _trailers = null;
        _pending.Clear();
        _statusCode = statusCode;
    }

    /// <summary>Says what the status will be when the failure of the handler reaches the protocol, so that middleware sees it on the way.</summary>
    internal void Foretell(int statusCode)
    {
        if (!HasStarted && _connection is not null)
        {
            IsSwitching = false;
            _statusCode = statusCode;
        }
    }

    /// <summary>The body of a refusal: the host's, or the status in words.</summary>
    internal void SetError(HttpRefusal? refusal, string text)
    {
        SetText(refusal?.Body ?? text);
        if (refusal is { Body: not null, ContentType: var type })
        {
            ContentType = type;
        }
    }

    /// <summary>The body of an error.</summary>
    internal void SetText(string text)
    {
        Headers.ContentType = "text/plain; charset=utf-8";
        Encoding.UTF8.GetBytes(text, _pending);
    }

    /// <summary>The handler is done: sends what is left. Loop only.</summary>
    /// <param name="waiting">With <see cref="ResponseEnd.Waits"/>: what has to complete before this is called again.</param>
    /// <exception cref="InvalidOperationException">The body is not as long as <see cref="ContentLength"/> says. The response may have started.</exception>
    internal ResponseEnd Complete(out ValueTask waiting)
    {
        waiting = default;
        if (Volatile.Read(ref _isWriting) != 0)
        {
            waiting = new ValueTask(WhenWrittenAsync());
            return ResponseEnd.Waits;
        }

        if (!_connection!.IsOpen)
        {
            return ResponseEnd.Gone;
        }

        if (_stream is { } stream)
        {
            return stream.TryComplete(_trailers, out waiting) ? ResponseEnd.Sent : ResponseEnd.Waits;
        }

        if (!TryEncodeRest())
        {
            throw new InvalidOperationException("Less was written than ContentLength says.");
        }

        if (!HasStarted && _trailers is not null)
        {
            Start(wholeBytes: null);
        }

        if (!HasStarted)
        {
            ThrowIfNotAsDeclared(_pending.Length, Headers.ContentLength);
            Start(_pending.Length);
            return ResponseEnd.Sent;
        }

        WritePending();
        if (!_framing.IsWhole(_writtenBytes))
        {
            throw new InvalidOperationException($"Less was written than ContentLength says: {_writtenBytes} of {_framing.LengthBytes} bytes.");
        }

        if (_framing.Kind == BodyFraming.Chunked)
        {
            ChunkedEncoder.WriteEnd(_connection.Output, _trailers);
        }

        return ResponseEnd.Sent;
    }

    private void ThrowIfNotAsDeclared(int lengthBytes, long? declaredBytes)
    {
        if (declaredBytes is { } declared && declared != lengthBytes && !_isHead && _statusCode is not (204 or 304))
        {
            throw new InvalidOperationException($"The body is not as long as ContentLength says: {lengthBytes} of {declared} bytes.");
        }
    }

    /// <summary>Writes the head of a protocol change. Loop only.</summary>
    internal void WriteSwitch(ReadOnlySpan<byte> connectionLines)
    {
        IsSwitching = true;
        Headers.ContentLength = null;
        Headers.ContentType = null;
        Headers.Freeze();
        HasStarted = true;
        WriteHead(connectionLines, body: default);
    }
}
