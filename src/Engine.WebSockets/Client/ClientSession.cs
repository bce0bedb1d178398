using System.Buffers;
using System.Net.WebSockets;

namespace Engine.WebSockets;

/// <summary>
/// One connection of a client, from its handshake to its end: one task reads, one writes, one watches the clock. It ends by the closing handshake, or as lost.
/// </summary>
internal sealed class ClientSession : IDisposable
{
    private const int ReadBufferBytes = 65_536;
    private const int BatchBytes = 65_536;
    private static readonly TimeSpan FailurePatience = TimeSpan.FromSeconds(1);

    private readonly ClientConnection _connection;
    private readonly WebSocketClientOptions _options;
    private readonly FrameRules _rules;
    private readonly AssemblyRules _assembly;
    private readonly ClientOutbox _outbox;
    private readonly ClientInbox _inbox;
    private readonly Queue<ClientMessage> _greeting;
    private readonly ClientFrameWriter _writer;
    private readonly object _gate = new();
    private readonly Queue<(FrameOpcode Opcode, byte[] Payload)> _control = new();
    private readonly SemaphoreSlim _work = new(1);
    private readonly CancellationTokenSource _ended = new();
    private MessageAssembler _assembler;
    private FrameDecoder _decoder;
    private WebSocketClosure _closure = new(ClosePayload.Abnormal, "", false, CloseReason.PeerReset);
    private (WebSocketCloseStatus Code, string? Reason)? _closeAsked;
    private long _lastReceivedAt = Environment.TickCount64;
    private bool _isHeldBack;
    private bool _isCloseSent;
    private bool _isCloseReceived;
    private bool _isFailed;
    private bool _isFailureTold;

    public ClientSession(
        ClientConnection connection,
        WebSocketClientOptions options,
        FrameRules rules,
        AssemblyRules assembly,
        ClientOutbox outbox,
        ClientInbox inbox,
        Queue<ClientMessage> greeting)
    {
        _connection = connection;
        _options = options;
        _rules = rules;
        _assembly = assembly;
        _outbox = outbox;
        _inbox = inbox;
        _greeting = greeting;
        DeflateAgreement deflate = connection.Agreement.Deflate;
        _decoder = new FrameDecoder(deflate.IsAgreed);
        _writer = new ClientFrameWriter(deflate, assembly.Contexts, options.Compression?.ThresholdBytes ?? int.MaxValue);
    }

    /// <summary>Runs the connection to its end and says how it ended.</summary>
    public async Task<WebSocketClosure> RunAsync()
    {
        Task writing = WriteAllAsync();
        Task watching = WatchAsync();
        try
        {
            await ReadAllAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Lost; the closure says so unless a close frame came before.
        }

        await _ended.CancelAsync().ConfigureAwait(false);
        await _connection.Stream.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(writing, watching).ConfigureAwait(false);
        _assembler.ReturnAll(_assembly.Contexts);
        return _closure;
    }

    /// <summary>Gives back what it holds; after <see cref="RunAsync"/> has completed.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        _ended.Dispose();
        _work.Dispose();
    }

    /// <summary>Sends the close frame behind what waits in the outbox. Any thread.</summary>
    public void AskClose(WebSocketCloseStatus code, string? reason)
    {
        lock (_gate)
        {
            _closeAsked ??= (code, reason);
        }

        Wake();
    }

    /// <summary>There is something to write. Any thread.</summary>
    public void Wake()
    {
        try
        {
            if (_work.CurrentCount == 0)
            {
                _work.Release();
            }
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Ends the connection without a word. Any thread.</summary>
    public void Abort()
    {
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    private async Task ReadAllAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBufferBytes);
        try
        {
            int length = _connection.FirstBytes.Length;
            _connection.FirstBytes.CopyTo(buffer);
            while (true)
            {
                int consumed = 0;
                while (TryReadMessage(buffer.AsSpan(0, length), ref consumed, out MessageBytes message))
                {
                    // A reader that falls behind holds back the pongs too: the server's silence says nothing meanwhile.
                    Volatile.Write(ref _isHeldBack, true);
                    await _inbox.WriteAsync(message, _ended.Token).ConfigureAwait(false);
                    Volatile.Write(ref _lastReceivedAt, Environment.TickCount64);
                    Volatile.Write(ref _isHeldBack, false);
                }

                if (_isFailed && !_isFailureTold)
                {
                    await TellFailureAsync().ConfigureAwait(false);
                }

                buffer.AsSpan(consumed, length - consumed).CopyTo(buffer);
                length = _isCloseReceived || _isFailed ? 0 : length - consumed;
                int count = await _connection.Stream.ReadAsync(buffer.AsMemory(length), _ended.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                Volatile.Write(ref _lastReceivedAt, Environment.TickCount64);
                length += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryReadMessage(Span<byte> bytes, ref int consumed, out MessageBytes message)
    {
        message = default;
        while (!_isCloseReceived && !_isFailed)
        {
            FrameStep step = _decoder.Read(bytes[consumed..], _rules, out FrameSlice slice);
            consumed += slice.ConsumedBytes;
            switch (step)
            {
                case FrameStep.NeedMore:
                    return false;
                case FrameStep.Rejected:
                    Fail(slice.Error);
                    break;
                case FrameStep.Data:
                    WebSocketError error = _assembler.Add(ref slice, _assembly, _connection.Agreement.Deflate.ReceiveTakeover);
                    if (error != WebSocketError.None)
                    {
                        Fail(error);
                    }
                    else if (slice.IsMessageEnd)
                    {
                        message = _assembler.Detach(slice.IsText);
                        return true;
                    }

                    break;
                case FrameStep.Ping:
                    SendControl(FrameOpcode.Pong, slice.Payload);
                    break;
                case FrameStep.Close:
                    OnCloseFrame(slice.Payload);
                    break;
            }
        }

        return false;
    }

    private void OnCloseFrame(ReadOnlySpan<byte> payload)
    {
        WebSocketError error = ClosePayload.Read(payload, out WebSocketCloseStatus code, out string reason);
        if (error != WebSocketError.None)
        {
            Fail(error);
            return;
        }

        _isCloseReceived = true;
        _closure = new WebSocketClosure(code, reason, true, CloseReason.Completed);
        SendClose(code, "");

        // RFC 6455 §7.1.1: the server ends the connection first; it has so long for it.
        _ended.CancelAfter(_options.CloseTimeout);
    }

    private void Fail(WebSocketError error)
    {
        _isFailed = true;
        _closure = new WebSocketClosure(WebSocketErrors.ToCloseCode(error), WebSocketErrors.ToReason(error), false, CloseReason.ProtocolError);
    }

    /// <summary>The answers to the good messages before the fault go out before the close frame, if the reader gives them soon.</summary>
    private async Task TellFailureAsync()
    {
        _isFailureTold = true;
        try
        {
            await _inbox.WhenHandledAsync().WaitAsync(FailurePatience, _ended.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A reader that is busy elsewhere does not hold up the end.
        }

        AskClose(_closure.Code, _closure.Reason);
        _ended.CancelAfter(_options.CloseTimeout);
    }

    private void SendClose(WebSocketCloseStatus code, string? reason)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadBytes];
        SendControl(FrameOpcode.Close, payload[..ClosePayload.Write(payload, code, reason)]);
    }

    private void SendControl(FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            // A server that pings faster than it reads gets the newest pongs only (RFC 6455 §5.5.3).
            if (_control.Count >= 64)
            {
                _control.Dequeue();
            }

            _control.Enqueue((opcode, payload.ToArray()));
        }

        Wake();
    }

    private async Task WriteAllAsync()
    {
        var batch = default(MessageBuffer);
        int unconfirmed = 0;
        try
        {
            while (!_isCloseSent)
            {
                await _work.WaitAsync(_ended.Token).ConfigureAwait(false);
                while (true)
                {
                    unconfirmed = Collect(ref batch);
                    if (batch.LengthBytes == 0)
                    {
                        break;
                    }

                    await _connection.Stream.WriteAsync(batch.Memory, _ended.Token).ConfigureAwait(false);
                    unconfirmed = 0;
                    batch.Return();
                    if (_isCloseSent)
                    {
                        _ended.CancelAfter(_options.CloseTimeout);
                        break;
                    }
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Abort();
        }

        batch.Return();
        while (_greeting.TryDequeue(out ClientMessage message))
        {
            message.Return();
        }

        _outbox.CountDropped(unconfirmed);
    }

    /// <summary>Fills a batch: control frames, the greeting, then what waits. Answers how many of the outbox's messages are in it.</summary>
    private int Collect(ref MessageBuffer batch)
    {
        int count = 0;
        while (batch.LengthBytes < BatchBytes && !_isCloseSent)
        {
            if (TryTakeControl(out FrameOpcode opcode, out byte[] payload))
            {
                _writer.Write(opcode, isCompressed: false, payload, ref batch);
                _isCloseSent = opcode == FrameOpcode.Close;
            }
            else if (_greeting.TryDequeue(out ClientMessage message))
            {
                _writer.Write(message, ref batch);
                message.Return();
            }
            else if (_outbox.TryTake(out message))
            {
                _writer.Write(message, ref batch);
                message.Return();
                count++;
            }
            else if (_closeAsked is var (code, reason))
            {
                SendClose(code, reason);
                _closeAsked = null;
            }
            else
            {
                break;
            }
        }

        return count;
    }

    private bool TryTakeControl(out FrameOpcode opcode, out byte[] payload)
    {
        lock (_gate)
        {
            bool isTaken = _control.TryDequeue(out (FrameOpcode Opcode, byte[] Payload) control);
            (opcode, payload) = control;
            return isTaken;
        }
    }

    private async Task WatchAsync()
    {
        if (_options.PingInterval == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        try
        {
            while (true)
            {
                long silent = Environment.TickCount64 - Volatile.Read(ref _lastReceivedAt);
                double left = _options.PingInterval.TotalMilliseconds - silent;
                if (left > 0 || Volatile.Read(ref _isHeldBack))
                {
                    await Task.Delay((int)Math.Clamp(left + 1, 50, int.MaxValue), _ended.Token).ConfigureAwait(false);
                    continue;
                }

                long pingedAt = Environment.TickCount64;
                SendControl(FrameOpcode.Ping, []);
                await Task.Delay(_options.PongTimeout, _ended.Token).ConfigureAwait(false);
                if (Volatile.Read(ref _lastReceivedAt) < pingedAt && !Volatile.Read(ref _isHeldBack))
                {
                    Abort();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The session has ended.
        }
    }
}
