using System.Buffers;
using System.Diagnostics;

namespace Engine;

/// <summary>Plain bytes down: whole records, a few at a time, never more than the kernel has begun to take.</summary>
internal abstract partial class TlsTransportConnection
{
    /// <summary>The most plain bytes of one record (RFC 8446 §5.1).</summary>
    protected const int MaxRecordBytes = 16_384;

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
        if (_phase >= TlsPhase.Failed || _closeNotified)
        {
            return 0;
        }

        Push();
        if (!IsEstablished || !Ciphertext.IsEmpty)
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
            if (!Ciphertext.IsEmpty)
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
        if (_phase < TlsPhase.Closing)
        {
            NotifyClose();
            _shutdownOwed = true;
            Push();
        }
    }

    void ITransportSink.OnFlushed(int takenBytes)
    {
        _innerIsFull = false;
        Ciphertext.Consume(takenBytes);
        Push();
        RaiseFlushed();
    }

    void ILoopMember.OnTurnEnd()
    {
        _turnEndAsked = false;
        Push();
        RaiseFlushed();
    }

    /// <summary>The library has written: answers of a handshake leave with the turn's end, records when their batch is complete.</summary>
    protected void OnCiphertextAppended()
    {
        if (!_encrypting && !_turnEndAsked)
        {
            _turnEndAsked = true;
            Loop.RequestTurnEnd(this);
        }
    }

    /// <summary>Offers what is encrypted to the kernel, and the end behind it.</summary>
    private void Push()
    {
        if (_innerIsFull || _phase >= TlsPhase.Closing)
        {
            return;
        }

        if (!Ciphertext.IsEmpty)
        {
            Ciphertext.Consume(Inner.Flush(Ciphertext.Head!));
            _innerIsFull = !Ciphertext.IsEmpty;
        }

        if (!_innerIsFull && _shutdownOwed)
        {
            _shutdownOwed = false;
            Inner.ShutdownSend();
        }
    }

    /// <summary>
    /// Raises the plain bytes whose records have left. Ciphertext is longer than its plaintext, so the ciphertext that still waits is an upper bound on the
    /// plaintext that still waits.
    /// </summary>
    private void RaiseFlushed()
    {
        if (_phase >= TlsPhase.Failed)
        {
            return;
        }

        int waiting = Ciphertext.LengthBytes;
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

    private void ForgetInFlight() => _inFlightBytes = 0;

    /// <summary>Encrypts some records. Returns the number of their plain bytes; 0 if it failed, which is then raised.</summary>
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

                if (!TryEncrypt(record))
                {
                    Fail();
                    return 0;
                }

                batch += record.Length;
            }

            return batch;
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
        if (IsEstablished && !_closeNotified && _phase != TlsPhase.Failed)
        {
            _closeNotified = true;
            AppendCloseNotify();
        }
    }
}
