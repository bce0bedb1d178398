using System.Buffers;

namespace Engine.WebSockets;

/// <summary>
/// A message that is sent as it is made, in fragments. One writer at a time. Complete it: one that is disposed before closes the connection, since the peer
/// could not tell the part from the whole.
/// </summary>
public sealed class MessageWriter : IAsyncDisposable
{
    /// <summary>How much is compressed before other connections of the loop have their turn: some 3 ms of work.</summary>
    private const int SliceBytes = 128 << 10;

    private readonly WebSocketConnection _socket;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameOpcode _opcode;
    private Task _lastPart = Task.CompletedTask;
    private bool _isCompressed;
    private bool _hasBegun;
    private bool _isDone;

    internal MessageWriter(WebSocketConnection socket, bool isText)
    {
        _socket = socket;
        _opcode = isText ? FrameOpcode.Text : FrameOpcode.Binary;
    }

    /// <summary>Whether this is a message that was there as a whole, and goes out in slices.</summary>
    internal bool IsSliced => _isCompressed;

    /// <summary>Completes when other messages may go on.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Sends the next part, waiting for room if need be. Calls may overlap: parts go out in the order of the calls. The memory must not change until the task completes.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the part began; the message is still open.</exception>
    /// <exception cref="InvalidOperationException">The message is complete.</exception>
    public ValueTask<SendStatus> WriteAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken = default)
        => SendAsync(part, isFinal: false, cancellationToken);

    /// <summary>Sends the last part, which may be empty, and lets other messages go on.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the part began; the message is still open.</exception>
    /// <exception cref="InvalidOperationException">The message is complete.</exception>
    public async ValueTask<SendStatus> CompleteAsync(ReadOnlyMemory<byte> last = default, CancellationToken cancellationToken = default)
    {
        SendStatus status = await SendAsync(last, isFinal: true, cancellationToken).ConfigureAwait(false);
        _socket.EndStream();
        return status;
    }

    /// <summary>Lets other messages go on. A message that is not complete takes the connection with it.</summary>
    public ValueTask DisposeAsync()
    {
        if (!_isDone)
        {
            _isDone = true;
            if (_hasBegun)
            {
                _socket.Close(System.Net.WebSockets.WebSocketCloseStatus.InternalServerError, "message given up");
            }

            _socket.EndStream();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>A long message that is there already, compressed slice by slice, with a turn for others after each. Loop only.</summary>
    internal async ValueTask<SendStatus> SendCompressedAsync(ReadOnlyMemory<byte> payload)
    {
        _isCompressed = true;
        DeflateContext? own = _socket.Deflate.SendTakeover ? null : _socket.RentDeflate();
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> slice = payload[..Math.Min(payload.Length, SliceBytes)];
                payload = payload[slice.Length..];
                byte[] packed = Compress(own ?? _socket.KeptDeflate, slice.Span, payload.IsEmpty, keepHistory: own is null || !payload.IsEmpty, out int length);
                SendStatus status = payload.IsEmpty
                    ? await CompleteAsync(packed.AsMemory(0, length)).ConfigureAwait(true)
                    : await WriteAsync(packed.AsMemory(0, length)).ConfigureAwait(true);
                ArrayPool<byte>.Shared.Return(packed);
                if (status == SendStatus.Closed || payload.IsEmpty)
                {
                    return status;
                }

                await Task.Yield();
            }
        }
        finally
        {
            if (own is not null)
            {
                own.ForgetHistory();
                _socket.Endpoint.Contexts!.Return(own);
            }
        }
    }

    internal void MarkEnded() => _ended.TrySetResult();

    private async ValueTask<SendStatus> SendAsync(ReadOnlyMemory<byte> part, bool isFinal, CancellationToken cancellationToken)
    {
        if (_isDone)
        {
            throw new InvalidOperationException("The message is complete.");
        }

        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before = Interlocked.Exchange(ref _lastPart, sent.Task);
        try
        {
            // A part that is still on its way goes first: the frame's opcode depends on it.
            await before.ConfigureAwait(false);
            SendStatus status = await SendInTurnAsync(part, isFinal, cancellationToken).ConfigureAwait(false);
            _isDone |= isFinal;
            return status;
        }
        finally
        {
            sent.SetResult();
        }
    }

    private async ValueTask<SendStatus> SendInTurnAsync(ReadOnlyMemory<byte> part, bool isFinal, CancellationToken cancellationToken)
    {
        if (_isDone)
        {
            return SendStatus.Closed;
        }

        if (_socket.Connection.Options.Backpressure == BackpressurePolicy.Wait)
        {
            return await SendFragmentAsync(part, isFinal, cancellationToken).ConfigureAwait(false);
        }

        return await SendKeptAsync(part, isFinal, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Where the policy drops messages, none of a message's fragments may be among them: each goes into a queue that surely has room for it.</summary>
    private async ValueTask<SendStatus> SendKeptAsync(ReadOnlyMemory<byte> part, bool isFinal, CancellationToken cancellationToken)
    {
        int maxBytes = _socket.Connection.Options.MaxOutboundBytes;
        while (true)
        {
            ReadOnlyMemory<byte> slice = part[..Math.Min(part.Length, maxBytes / 4)];
            bool isLastSlice = slice.Length == part.Length;
            if (_socket.BufferedAmount > maxBytes / 2)
            {
                await _socket.Connection.WhenWritableAsync(cancellationToken).ConfigureAwait(false);
                await Task.Yield();
                if (_socket.IsOpen)
                {
                    continue;
                }
            }

            SendStatus status = await SendFragmentAsync(slice, isFinal && isLastSlice, cancellationToken).ConfigureAwait(false);
            switch (status)
            {
                case SendStatus.Dropped:
                    await Task.Yield();
                    break;
                case SendStatus.Closed:
                    return status;
                default:
                    part = part[slice.Length..];
                    if (isLastSlice)
                    {
                        return status;
                    }

                    break;
            }
        }
    }

    private static byte[] Compress(DeflateContext context, ReadOnlySpan<byte> slice, bool isLast, bool keepHistory, out int length)
    {
        var packed = default(MessageBuffer);
        context.Compress(slice, ref packed, keepHistory);
        if (!isLast)
        {
            // RFC 7692 §7.2.1: what is cut off at the end of a message belongs between its slices.
            packed.Append([0, 0, 0xFF, 0xFF]);
        }

        return packed.Detach(out length)!;
    }

    private async ValueTask<SendStatus> SendFragmentAsync(ReadOnlyMemory<byte> part, bool isFinal, CancellationToken cancellationToken)
    {
        byte first = FrameEncoder.FirstByte(_hasBegun ? FrameOpcode.Continuation : _opcode, isFinal, isCompressed: _isCompressed && !_hasBegun);
        SendStatus status = await _socket.SendFragment(first, part, IsSliced, cancellationToken).ConfigureAwait(false);
        _hasBegun |= status != SendStatus.Dropped;
        return status;
    }
}
