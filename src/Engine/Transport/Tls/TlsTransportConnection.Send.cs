using System.Buffers;
using System.Diagnostics;

namespace Engine;

/// <summary>Plain bytes down: whole records, a few at a time, never more than the kernel has begun to take.</summary>
internal sealed partial class TlsTransportConnection
{
    /// <summary>The most plain bytes of one record (RFC 8446 §5.1).</summary>
    private const int MaxRecordBytes = 16_384;

    /// <summary>Plain bytes that are encrypted before the kernel is asked: what a peer that reads nothing costs on top of its queue.</summary>
    private const int MaxBatchBytes = 2 * MaxRecordBytes;

    private int _inFlightBytes;
    private bool _innerIsFull;
    private bool _encrypting;
    private bool _turnEndAsked;
    private bool _flushOwed;
    private bool _shutdownOwed;
    private bool _closeNotified;

    /// <summary>The front of the chain that is encrypted already: it can no longer be taken back.</summary>
    public override int InFlightBytes => _inFlightBytes;

    public override int Flush(Segment head)
    {
        if (_closing || _failed || _closeNotified)
        {
            return 0;
        }

        Push();
        if (!IsEstablished || !_stream.Written.IsEmpty)
        {
            _flushOwed = true;
            return 0;
        }

        Debug.Assert(_inFlightBytes == 0, "What is encrypted has left, so the chain begins with plain bytes.");
        int taken = 0;
        var rest = new PlainChain(head);
        while (!rest.IsEmpty)
        {
            int batch = EncryptBatch(ref rest);
            if (batch == 0)
            {
                return taken;
            }

            Push();
            if (!_stream.Written.IsEmpty)
            {
                _inFlightBytes = batch;
                break;
            }

            taken += batch;
        }

        return taken;
    }

    public override void ShutdownSend()
    {
        if (!_closing)
        {
            NotifyClose();
            _shutdownOwed = true;
            Push();
        }
    }

    /// <summary>SslStream has written: answers of a handshake leave with the turn's end, records when their batch is complete.</summary>
    public void OnCiphertextWritten()
    {
        if (!_encrypting && !_turnEndAsked)
        {
            _turnEndAsked = true;
            Loop.RequestTurnEnd(this);
        }
    }

    void ITransportSink.OnFlushed(int takenBytes)
    {
        _innerIsFull = false;
        _stream.Written.Consume(takenBytes);
        Push();
        RaiseFlushed();
    }

    void ILoopMember.OnTurnEnd()
    {
        _turnEndAsked = false;
        Push();
        RaiseFlushed();
    }

    /// <summary>Offers what is encrypted to the kernel, and the end behind it.</summary>
    private void Push()
    {
        if (_innerIsFull || _closing)
        {
            return;
        }

        OutboundQueue written = _stream.Written;
        if (!written.IsEmpty)
        {
            written.Consume(_inner.Flush(written.Head!));
            _innerIsFull = !written.IsEmpty;
        }

        if (!_innerIsFull && _shutdownOwed)
        {
            _shutdownOwed = false;
            _inner.ShutdownSend();
        }
    }

    /// <summary>
    /// Tells of plain bytes whose records have left. A record is longer than what it holds, so of so many encrypted bytes that wait at most as many
    /// plain ones do.
    /// </summary>
    private void RaiseFlushed()
    {
        if (_closing || _failed)
        {
            return;
        }

        int waiting = _stream.Written.LengthBytes;
        if (_inFlightBytes > waiting)
        {
            int gone = _inFlightBytes - waiting;
            _inFlightBytes = waiting;
            _flushOwed = false;
            Sink.OnFlushed(gone);
        }
        else if (_flushOwed && waiting == 0)
        {
            _flushOwed = false;
            Sink.OnFlushed(0);
        }
    }

    /// <summary>Encrypts some records. Answers their plain bytes; 0 when it failed, which is then raised.</summary>
    private int EncryptBatch(ref PlainChain rest)
    {
        int batch = 0;
        byte[]? gathered = null;
        _encrypting = true;
        try
        {
            while (!rest.IsEmpty && batch < MaxBatchBytes)
            {
                ReadOnlyMemory<byte> record = rest.TakeWhole(MaxRecordBytes);
                if (record.IsEmpty)
                {
                    // Blocks are smaller than records: what overhead there is, is by the record.
                    gathered ??= ArrayPool<byte>.Shared.Rent(MaxRecordBytes);
                    record = gathered.AsMemory(0, rest.Gather(gathered.AsSpan(0, MaxRecordBytes)));
                }

                ValueTask write = _ssl.WriteAsync(record);
                Debug.Assert(write.IsCompleted, "Appending to the queue never waits.");
                write.GetAwaiter().GetResult();
                batch += record.Length;
            }

            return batch;
        }
        catch (Exception)
        {
            Fail();
            return 0;
        }
        finally
        {
            _encrypting = false;
            if (gathered is not null)
            {
                ArrayPool<byte>.Shared.Return(gathered);
            }
        }
    }

    /// <summary>Says in TLS that nothing follows (RFC 8446 §6.1), so that the peer can tell the end from a cut.</summary>
    private void NotifyClose()
    {
        if (!IsEstablished || _closeNotified || _failed)
        {
            return;
        }

        _closeNotified = true;
        try
        {
            Task written = _ssl.ShutdownAsync();
            Debug.Assert(written.IsCompleted, "Appending to the queue never waits.");
            written.GetAwaiter().GetResult();
        }
        catch (Exception)
        {
            // The peer learns of the end by FIN alone.
        }
    }

    /// <summary>A place in the connection's chain, which itself stays as it is until the kernel has the records.</summary>
    private ref struct PlainChain
    {
        private Segment? _segment;
        private int _offset;

        public PlainChain(Segment head)
        {
            _segment = head;
            Skip();
        }

        public readonly bool IsEmpty => _segment is null;

        /// <summary>The next bytes in place, when they fill a record or are the last ones; else nothing.</summary>
        public ReadOnlyMemory<byte> TakeWhole(int maxBytes)
        {
            Segment segment = _segment!;
            int left = segment.LengthBytes - _offset;
            if (left < maxBytes && segment.Next is not null)
            {
                return default;
            }

            int count = Math.Min(left, maxBytes);
            ReadOnlyMemory<byte> taken = segment.Pending.Slice(_offset, count);
            _offset += count;
            Skip();
            return taken;
        }

        /// <summary>Copies out of as many segments as it takes. Answers how many bytes.</summary>
        public int Gather(Span<byte> target)
        {
            int total = 0;
            while (_segment is { } segment && total < target.Length)
            {
                int count = Math.Min(segment.LengthBytes - _offset, target.Length - total);
                segment.PendingSpan.Slice(_offset, count).CopyTo(target[total..]);
                total += count;
                _offset += count;
                Skip();
            }

            return total;
        }

        private void Skip()
        {
            while (_segment is { } segment && _offset == segment.LengthBytes)
            {
                _segment = segment.Next;
                _offset = 0;
            }
        }
    }
}
