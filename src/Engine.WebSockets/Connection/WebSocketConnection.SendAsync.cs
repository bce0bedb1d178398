using System.Buffers;
using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>
/// Messages that wait for room. Each completes when all of it is accepted, with <see cref="SendStatus.Sent"/>, <see cref="SendStatus.Queued"/> or
/// <see cref="SendStatus.Closed"/>. A message larger than the queue is streamed from memory, with no other message in between. Cancelling a message that has
/// not begun leaves no byte of it; one that has begun goes out whole; the connection goes on in either case.
/// </summary>
public abstract partial class WebSocketConnection
{
    /// <summary>Sends a text message, waiting for room if need be.</summary>
    /// <param name="text">The message.</param>
    /// <param name="compress">False keeps the message plain.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    public ValueTask<SendStatus> SendTextAsync(string text, bool compress = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int length = Encoding.UTF8.GetBytes(text, utf8);
        return SendRented(FrameOpcode.Text, utf8, length, compress, cancellationToken);
    }

    /// <summary>The same for text that is UTF-8 already, unchecked. The memory must not change until the send completes.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    public ValueTask<SendStatus> SendTextAsync(ReadOnlyMemory<byte> utf8, bool compress = true, CancellationToken cancellationToken = default)
        => SendAsync(FrameOpcode.Text, utf8, compress, cancellationToken);

    /// <summary>Sends a binary message, waiting for room if need be. The memory must not change until the send completes.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    public ValueTask<SendStatus> SendBinaryAsync(ReadOnlyMemory<byte> bytes, bool compress = true, CancellationToken cancellationToken = default)
        => SendAsync(FrameOpcode.Binary, bytes, compress, cancellationToken);

    /// <summary>Sends a text message of JSON, written by source-generated metadata, waiting for room if need be.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    public ValueTask<SendStatus> SendJsonAsync<T>(T value, JsonTypeInfo<T> typeInfo, bool compress = true, CancellationToken cancellationToken = default)
    {
        using var json = new PooledJson();
        json.Write(value, typeInfo);
        byte[] rented = json.Detach(out int length);
        return SendRented(FrameOpcode.Text, rented, length, compress, cancellationToken);
    }

    /// <summary>Sends a message on, as the same kind, waiting for room if need be. It may be disposed, or the next one be asked for, before the send completes.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    /// <exception cref="ObjectDisposedException">The message had ended before the call.</exception>
    public ValueTask<SendStatus> SendAsync(ReceivedMessage message, CancellationToken cancellationToken = default)
    {
        ReadOnlyMemory<byte> data = message.BeginSend();
        ValueTask<SendStatus> sent = SendAsync(message.IsText ? FrameOpcode.Text : FrameOpcode.Binary, data, compress: true, cancellationToken);
        if (!sent.IsCompleted)
        {
            return Awaited(sent, message);
        }

        message.EndSend();
        return sent;

        static async ValueTask<SendStatus> Awaited(ValueTask<SendStatus> sent, ReceivedMessage message)
        {
            try
            {
                return await sent.ConfigureAwait(false);
            }
            finally
            {
                message.EndSend();
            }
        }
    }

    /// <summary>Sends a message that was framed before, waiting for room if need be.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    public async ValueTask<SendStatus> SendAsync(PreparedMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ReadOnlyMemory<byte> frame = message.SegmentFor(this).Memory;
        if (_masks is null)
        {
            return await SendFramesAsync(default, frame, cancellationToken).ConfigureAwait(false);
        }

        byte[] masked = ArrayPool<byte>.Shared.Rent(frame.Length + FrameHeader.MaskBytes);
        int length = MaskFrame(masked, frame.Span);
        return await ReturnWhenDone(SendFramesAsync(default, masked.AsMemory(0, length), cancellationToken), masked).ConfigureAwait(false);
    }

    /// <summary>Sends a whole frame that is shared by reference, waiting for room and for the end of a streamed message. Loop only.</summary>
    internal ValueTask<SendStatus> SendSharedAsync(SharedSegment frame)
    {
        if (TryEnter(AnyGate, out _, out SendStatus refusal))
        {
            return Connection.SendAsync([], frame);
        }

        if (refusal == SendStatus.Closed)
        {
            return new ValueTask<SendStatus>(SendStatus.Closed);
        }

        frame.AddReference();
        return AfterStream(frame);

        async ValueTask<SendStatus> AfterStream(SharedSegment frame)
        {
            try
            {
                // Back on the loop, which is current here.
                await WhenStreamEnds(CancellationToken.None).ConfigureAwait(true);
                return await SendSharedAsync(frame).ConfigureAwait(true);
            }
            finally
            {
                frame.Release();
            }
        }
    }

    /// <summary>
    /// Sends a handler's message back as it came, waiting for room if need be: a small one goes from the receive buffer straight into the outbound queue; one
    /// that finds no room is taken out of it first. For a handler to return.
    /// </summary>
    public ValueTask EchoAsync(WebSocketMessage message)
    {
        if (message.Data.Length + FrameHeader.MaxBytes <= Connection.Options.MaxOutboundBytes - Connection.BufferedBytes)
        {
            SendStatus status = TrySend(message);
            if (status != SendStatus.Dropped)
            {
                return ValueTask.CompletedTask;
            }
        }

        return SendTaken(message.Take());
    }

    /// <summary>
    /// Completes at once below the high-water mark, else when the queue has drained, or with <see cref="SendStatus.Closed"/> when the connection ends first. While
    /// a message of <see cref="StartMessageAsync"/> is open, which refuses other messages, it waits for the end of that too. Any thread.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public ValueTask<SendStatus> WhenWritableAsync(CancellationToken cancellationToken = default)
        => (Volatile.Read(ref _gate) & AnyGate) switch
        {
            0 => Connection.WhenWritableAsync(cancellationToken),
            StreamGate => WhenWritableBehindStream(cancellationToken),
            _ => new ValueTask<SendStatus>(SendStatus.Closed),
        };

    private async ValueTask SendTaken(ReceivedMessage message)
    {
        using (message)
        {
            await SendAsync(message).ConfigureAwait(false);
        }
    }

    private ValueTask<SendStatus> SendRented(FrameOpcode opcode, byte[] rented, int length, bool compress, CancellationToken cancellationToken)
    {
        ValueTask<SendStatus> sent = SendAsync(opcode, rented.AsMemory(0, length), compress, cancellationToken);
        return ReturnWhenDone(sent, rented);
    }

    internal ValueTask<SendStatus> SendAsync(FrameOpcode opcode, ReadOnlyMemory<byte> payload, bool compress, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SendStatus>(cancellationToken);
        }

        if (!compress || !MayCompress(payload.Length, Connection.IsOnLoop))
        {
            return SendFrame(FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed: false), payload, cancellationToken);
        }

        if (payload.Length > MaxCompressedAtOnceBytes && Connection.IsOnLoop)
        {
            return SendInSlicesAsync(opcode, payload, cancellationToken);
        }

        // Nothing is compressed before the gate is passed: what a takeover's history has seen must leave, and in this order.
        if (!TryEnter(AnyGate, out bool isOnLoop, out SendStatus refusal))
        {
            return refusal == SendStatus.Closed
                ? new ValueTask<SendStatus>(SendStatus.Closed)
                : SendAfterStream(opcode, payload, cancellationToken);
        }

        ValueTask<SendStatus> sent = SendCompressed(opcode, payload, cancellationToken);
        Leave(isOnLoop);
        return sent;
    }

    /// <summary>Compressing much at once would hold up every other connection of the loop: 48 MB took a second.</summary>
    private async ValueTask<SendStatus> SendInSlicesAsync(FrameOpcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        MessageWriter? writer = await StartMessageAsync(opcode == FrameOpcode.Text, cancellationToken).ConfigureAwait(true);
        if (writer is null)
        {
            return SendStatus.Closed;
        }

        await using (writer.ConfigureAwait(true))
        {
            return await writer.SendCompressedAsync(payload).ConfigureAwait(true);
        }
    }

    private ValueTask<SendStatus> SendCompressed(FrameOpcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var packed = default(MessageBuffer);
        bool isCompressed = Compress(payload.Span, ref packed);
        byte[] bytes = packed.Detach(out int packedBytes)!;
        ReadOnlyMemory<byte> body = isCompressed ? bytes.AsMemory(0, packedBytes) : payload;
        byte[] header = RentFrame(FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed), ref body, out int headerBytes);
        CancellationToken token = Deflate.SendTakeover ? CancellationToken.None : cancellationToken;
        ValueTask<SendStatus> sent = Connection.SendAsync(header.AsMemory(0, headerBytes), body, token);
        if (!sent.IsCompletedSuccessfully)
        {
            return ReturnWhenDone(ReturnWhenDone(sent, header), bytes);
        }

        SendStatus status = sent.GetAwaiter().GetResult();
        ArrayPool<byte>.Shared.Return(header);
        ArrayPool<byte>.Shared.Return(bytes);
        if (status == SendStatus.Dropped)
        {
            _deflate?.ForgetHistory();
        }

        return new ValueTask<SendStatus>(status);
    }

    /// <summary>One frame, header and payload as one message of the connection beneath.</summary>
    internal ValueTask<SendStatus> SendFrame(byte firstByte, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        byte[] header = RentFrame(firstByte, ref payload, out int length);
        return ReturnWhenDone(SendFramesAsync(header.AsMemory(0, length), payload, cancellationToken), header);
    }

    private ValueTask<SendStatus> SendFramesAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (!TryEnter(AnyGate, out bool isOnLoop, out SendStatus refusal))
        {
            return refusal == SendStatus.Closed
                ? new ValueTask<SendStatus>(SendStatus.Closed)
                : SendFramesAfterStream(prefix, payload, cancellationToken);
        }

        ValueTask<SendStatus> sent = Connection.SendAsync(prefix, payload, cancellationToken);
        Leave(isOnLoop);
        return sent;
    }

    private async ValueTask<SendStatus> SendFramesAfterStream(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await WhenStreamEnds(cancellationToken).ConfigureAwait(false);
        return await SendFramesAsync(prefix, payload, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SendStatus> SendAfterStream(FrameOpcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await WhenStreamEnds(cancellationToken).ConfigureAwait(false);
        return IsOpen ? await SendAsync(opcode, payload, compress: true, cancellationToken).ConfigureAwait(false) : SendStatus.Closed;
    }

    private static ValueTask<SendStatus> ReturnWhenDone(ValueTask<SendStatus> sent, byte[] rented)
    {
        if (!sent.IsCompleted)
        {
            return Awaited(sent, rented);
        }

        ArrayPool<byte>.Shared.Return(rented);
        return sent;

        static async ValueTask<SendStatus> Awaited(ValueTask<SendStatus> sent, byte[] rented)
        {
            try
            {
                return await sent.ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }
}
