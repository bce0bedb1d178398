using System.Buffers;
using System.IO.Pipelines;

namespace Engine;

/// <summary>
/// Stands between a connection and foreign code that wants pipes. Bytes received go into a pipe, whose pressure pauses receiving;
/// what foreign code writes is sent piece by piece, and its flush waits while the outbound queue is full.
/// </summary>
internal sealed class DuplexPipeProtocol : ConnectionProtocol, IDuplexPipe
{
    private const int PauseBytes = 65_536;

    private readonly Pipe _inbound = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Pipe _outbound = new(new PipeOptions(pauseWriterThreshold: PauseBytes, resumeWriterThreshold: PauseBytes / 2, useSynchronizationContext: false));
    private readonly CountingReader _input;
    private Connection? _connection;
    private long _unreadBytes;

    public DuplexPipeProtocol() => _input = new CountingReader(this, _inbound.Reader);

    public PipeReader Input => _input;

    public PipeWriter Output => _outbound.Writer;

    protected internal override void OnStarted(Connection connection)
    {
        _connection = connection;
        _ = SendOutboundAsync(connection);
    }

    protected internal override int OnReceived(Connection connection, Span<byte> bytes)
    {
        _inbound.Writer.Write(bytes);
        ValueTask<FlushResult> flush = _inbound.Writer.FlushAsync();
        if (flush.IsCompletedSuccessfully && flush.GetAwaiter().GetResult().IsCompleted)
        {
            // Foreign code reads no more; what still comes is thrown away until it closes.
            return bytes.Length;
        }

        if (Interlocked.Add(ref _unreadBytes, bytes.Length) >= PauseBytes)
        {
            connection.PauseReceive();

            // The reader may have emptied the pipe just before the pause; then nobody else would end it.
            ResumeIfRead(connection);
        }

        return bytes.Length;
    }

    protected internal override void OnPeerClosed(Connection connection) => _inbound.Writer.Complete();

    protected internal override void OnClosed(Connection connection, CloseReason reason)
    {
        Exception? error = reason is CloseReason.Completed or CloseReason.PeerClosed or CloseReason.ServerStopping
            ? null
            : new IOException($"The connection ended: {reason}.");
        _inbound.Writer.Complete(error);
        _outbound.Writer.CancelPendingFlush();
        _outbound.Reader.CancelPendingRead();
    }

    private static void ResumeOnLoop(object? state)
    {
        var protocol = (DuplexPipeProtocol)state!;
        protocol.ResumeIfRead(protocol._connection!);
    }

    private void ResumeIfRead(Connection connection)
    {
        if (Interlocked.Read(ref _unreadBytes) < PauseBytes / 2)
        {
            connection.ResumeReceive();
        }
    }

    private void OnRead(long bytes)
    {
        long before = Interlocked.Add(ref _unreadBytes, -bytes) + bytes;
        if (before >= PauseBytes / 2 && before - bytes < PauseBytes / 2)
        {
            _connection?.Post(ResumeOnLoop, this);
        }
    }

    private async Task SendOutboundAsync(Connection connection)
    {
        PipeReader reader = _outbound.Reader;
        Exception? error = null;
        try
        {
            while (true)
            {
                ReadResult result = await reader.ReadAsync().ConfigureAwait(false);
                SendStatus status = SendStatus.Sent;
                foreach (ReadOnlyMemory<byte> piece in result.Buffer)
                {
                    status = await connection.SendStreamedAsync(piece).ConfigureAwait(false);
                    if (status == SendStatus.Closed)
                    {
                        break;
                    }
                }

                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || result.IsCanceled || status == SendStatus.Closed)
                {
                    break;
                }
            }
        }
        catch (Exception exception)
        {
            // Foreign code completed its output with an error: the peer must not take what came through for the whole.
            error = exception;
        }

        await reader.CompleteAsync(error).ConfigureAwait(false);
        if (error is null)
        {
            connection.Close();
        }
        else
        {
            connection.Abort(CloseReason.HandlerFailed);
        }
    }

    /// <summary>Tells the protocol how much was consumed, so that receiving resumes on its loop.</summary>
    private sealed class CountingReader(DuplexPipeProtocol protocol, PipeReader reader) : PipeReader
    {
        private ReadOnlySequence<byte> _last;

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            long bytes = _last.Slice(0, consumed).Length;
            _last = default;
            reader.AdvanceTo(consumed, examined);
            protocol.OnRead(bytes);
        }

        public override void CancelPendingRead() => reader.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
            reader.Complete(exception);
            protocol.OnRead(Interlocked.Read(ref protocol._unreadBytes));
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            ReadResult result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            _last = result.Buffer;
            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            bool isRead = reader.TryRead(out result);
            _last = isRead ? result.Buffer : default;
            return isRead;
        }
    }
}
