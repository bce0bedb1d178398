namespace Engine.WebSockets;

/// <summary>Streamed messages: while one is open, others wait for its end, and only control frames come between its fragments (RFC 6455 §5.4).</summary>
public abstract partial class WebSocketConnection
{
    /// <summary>
    /// Begins a message whose length nobody knows yet. It is sent as fragments, plain, as they are written; other messages wait until it is complete. Waits
    /// itself for one that is open.
    /// </summary>
    /// <param name="isText">Whether the message is text; what is written must then be UTF-8, though a fragment may end inside of a code point.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The writer, or null when the connection is closed.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message began.</exception>
    public async ValueTask<MessageWriter?> StartMessageAsync(bool isText, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int gate = Volatile.Read(ref _gate);
            if ((gate & ClosedGate) != 0 || !Connection.IsOpen)
            {
                return null;
            }

            if (gate == 0 && Interlocked.CompareExchange(ref _gate, StreamGate, 0) == 0)
            {
                break;
            }

            await WhenStreamEnds(cancellationToken).ConfigureAwait(false);
        }

        var writer = new MessageWriter(this, isText);
        Volatile.Write(ref _writer, writer);

        // Those who passed the gate before it shut are queued first; they are on their way and need no more than a moment.
        while (HasSendersUnderWay)
        {
            await Task.Yield();
        }

        if (!Connection.IsOnLoop)
        {
            // Likewise a callback that runs on the loop right now: it has passed by the time the loop comes to this.
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Connection.Post(static source => ((TaskCompletionSource)source!).SetResult(), reached);
            await reached.Task.ConfigureAwait(false);
        }

        return writer;
    }

    /// <summary>The open message is complete, or given up.</summary>
    internal void EndStream()
    {
        MessageWriter? writer = Interlocked.Exchange(ref _writer, null);
        Interlocked.And(ref _gate, ~StreamGate);
        writer?.MarkEnded();
        if (Volatile.Read(ref _isDrainOwed))
        {
            Connection.Post(static socket => ((WebSocketConnection)socket!).RaiseOwedDrain(), this);
        }
    }

    /// <summary>The end of a message that is under way in slices, which a close frame waits for, since it was accepted before; null when there is none. Loop only.</summary>
    internal Task? SlicedMessage => Volatile.Read(ref _writer) is { IsSliced: true } writer ? writer.Ended : null;

    internal ValueTask<SendStatus> SendFragment(byte firstByte, ReadOnlyMemory<byte> payload, bool isSliced, CancellationToken cancellationToken)
    {
        if (!TryEnter(isSliced ? 0 : ClosedGate, out bool isOnLoop, out SendStatus refusal))
        {
            return new ValueTask<SendStatus>(refusal);
        }

        byte[] header = RentFrame(firstByte, ref payload, out int length);
        ValueTask<SendStatus> sent = Connection.SendAsync(header.AsMemory(0, length), payload, cancellationToken);
        Leave(isOnLoop);
        return ReturnWhenDone(sent, header);
    }

    /// <summary>Who is refused because of the open message would be refused at once again, and again, if the queue's room alone counted.</summary>
    private async ValueTask<SendStatus> WhenWritableBehindStream(CancellationToken cancellationToken)
    {
        while (IsOpen && (Volatile.Read(ref _gate) & StreamGate) != 0)
        {
            await WhenStreamEnds(cancellationToken).ConfigureAwait(false);
        }

        return IsOpen ? await Connection.WhenWritableAsync(cancellationToken).ConfigureAwait(false) : SendStatus.Closed;
    }

    private async ValueTask WhenStreamEnds(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _writer) is { } writer)
        {
            await writer.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            // The gate is shut and the writer is about to appear.
            await Task.Yield();
        }
    }

    /// <summary>Messages were refused while a streamed one was open: told once, when there is room. Loop only.</summary>
    private void RaiseOwedDrain()
    {
        if (!Volatile.Read(ref _isDrainOwed) || !IsOpen)
        {
            return;
        }

        Volatile.Write(ref _isDrainOwed, false);
        _protocol.RaiseDrain();
    }
}
