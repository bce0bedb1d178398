using System.Buffers.Binary;
using System.Text;

namespace Conformance;

/// <summary>What a script makes the fuzzer send.</summary>
internal sealed partial class FuzzingPeer
{
    private MessageDeflater? _deflater;
    private bool _dropsAtOnce;
    private bool _isCloseAnswered;

    /// <summary>One frame, as wrong as the case wants it.</summary>
    /// <param name="opcode">Any of the sixteen.</param>
    /// <param name="payload">Unmasked.</param>
    /// <param name="isFinal">The FIN bit.</param>
    /// <param name="reserved">RSV1 to RSV3 as a number.</param>
    /// <param name="isApart">Leaves in a system call of its own.</param>
    /// <param name="chopBytes">Leaves in pieces of this size, one system call each.</param>
    public void Send(byte opcode, ReadOnlySpan<byte> payload, bool isFinal = true, byte reserved = 0, bool isApart = false, int chopBytes = 0)
    {
        if (State == PeerState.Closed)
        {
            return;
        }

        Log.Frame(isSent: true, opcode, isFinal, reserved, payload);
        SentFrameCounts[opcode]++;
        byte[] frame = WireFrameWriter.Encode(opcode, payload, isFinal, reserved, isMasked: Role == PeerRole.Client);
        if (isApart || chopBytes > 0)
        {
            _line.AddApart(frame, chopBytes);
        }
        else
        {
            _line.Add(frame);
        }
    }

    /// <summary>Bytes as they are: the parts of a frame that is sent with pauses inside.</summary>
    public void SendRaw(byte[] bytes)
    {
        if (State != PeerState.Closed)
        {
            Log.Note($">> {bytes.Length} bytes of a frame");
            _line.AddApart(bytes, 0);
        }
    }

    /// <summary>A message: compressed when that was agreed, in fragments of at most <paramref name="fragmentBytes"/>; 0 sends one frame.</summary>
    public void SendMessage(ReadOnlySpan<byte> message, bool isBinary, int fragmentBytes = 0)
    {
        ReadOnlySpan<byte> payload = message;
        byte reserved = 0;
        if (_deflater is not null)
        {
            payload = _deflater.Compress(message);
            reserved = 4;
        }

        byte opcode = isBinary ? Opcode.Binary : Opcode.Text;
        if (fragmentBytes <= 0 || payload.Length <= fragmentBytes)
        {
            Send(opcode, payload, isFinal: true, reserved);
            return;
        }

        for (int at = 0; at < payload.Length; at += fragmentBytes)
        {
            int length = Math.Min(fragmentBytes, payload.Length - at);
            Send(opcode, payload.Slice(at, length), isFinal: at + length == payload.Length, reserved);
            opcode = Opcode.Continuation;
            reserved = 0;
        }
    }

    /// <summary>Begins the closing handshake; a second call is ignored. Nothing is checked: a case may close with anything.</summary>
    public void SendClose(int? code = null, ReadOnlySpan<byte> reason = default)
    {
        if (State == PeerState.Open)
        {
            WriteClose(code, reason, isReply: false);
        }
    }

    private void WriteClose(int? code, ReadOnlySpan<byte> reason, bool isReply)
    {
        byte[] payload = new byte[(code is null ? 0 : 2) + reason.Length];
        if (code is int given)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)given);
        }

        reason.CopyTo(payload.AsSpan(payload.Length - reason.Length));
        Send(Opcode.Close, payload);
        State = PeerState.Closing;
        ClosedByMe = !isReply;
        if (!isReply)
        {
            Later(1, () =>
            {
                if (!_isCloseAnswered)
                {
                    WasClean = false;
                    NotCleanReason = "the peer did not answer our close frame in time";
                    Drop(atOnce: true);
                }
            });
        }
    }

    private void Violate(string fault) => Fail(1002, fault);

    private void Fail(int code, string reason)
    {
        if (State == PeerState.Closed)
        {
            return;
        }

        Log.Note($"-- failing: {reason}");
        FailedByMe = true;
        NotCleanReason ??= reason;
        if (State == PeerState.Closing)
        {
            Drop(atOnce: false);
        }
        else
        {
            WriteClose(code, Encoding.UTF8.GetBytes(reason.Length > 120 ? reason[..120] : reason), isReply: false);
        }
    }
}
