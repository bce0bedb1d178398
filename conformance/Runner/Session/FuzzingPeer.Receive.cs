using System.Buffers;
using System.Text.Unicode;

namespace Conformance;

/// <summary>What the peer's frames mean, and which rules they break.</summary>
internal sealed partial class FuzzingPeer
{
    private readonly ArrayBufferWriter<byte> _message = new();
    private MessageInflater? _inflater;
    private bool _isInMessage;
    private bool _isBinary;
    private bool _isCompressed;

    private void OnFrame(WireFrame frame)
    {
        if (FaultOf(frame) is string fault)
        {
            // The frame is skipped: after our close frame the peer's is still awaited.
            Violate(fault);
            return;
        }

        switch (frame.Opcode)
        {
            case Opcode.Ping:
                if (State == PeerState.Open)
                {
                    Send(Opcode.Pong, frame.Payload.Span);
                }

                break;
            case Opcode.Pong:
                _script.OnPong(frame.Payload.ToArray());
                break;
            case Opcode.Close:
                OnClose(frame.Payload.Span);
                break;
            default:
                OnData(frame);
                break;
        }
    }

    private void OnData(WireFrame frame)
    {
        if (!_isInMessage)
        {
            _isInMessage = true;
            _isBinary = frame.Opcode == Opcode.Binary;
            _isCompressed = frame.Reserved == 4;
            _message.ResetWrittenCount();
        }

        _message.Write(frame.Payload.Span);
        if (!frame.IsFinal)
        {
            return;
        }

        _isInMessage = false;
        byte[]? message = _isCompressed ? Inflate() : _message.WrittenSpan.ToArray();
        if (message is null)
        {
            return;
        }

        if (!_isBinary && !Utf8.IsValid(message))
        {
            Fail(1007, "the peer's text is not UTF-8");
        }
        else if (!FailedByMe)
        {
            _script.OnMessage(message, _isBinary);
        }
    }

    private byte[]? Inflate()
    {
        byte[]? message = _inflater!.Decompress(_message.WrittenSpan, out string? fault);
        if (fault is not null)
        {
            Fail(1007, fault);
        }

        return message;
    }

    private string? FaultOf(WireFrame frame)
    {
        if (frame.IsMasked != (Role == PeerRole.Server))
        {
            return frame.IsMasked ? "a masked frame from a server" : "a frame from a client that is not masked";
        }

        if (frame.Reserved != 0 && !(frame.Reserved == 4 && Deflate is not null && !frame.IsControl && frame.Opcode != Opcode.Continuation))
        {
            return $"reserved bits {frame.Reserved}";
        }

        if (frame.IsControl)
        {
            return !frame.IsFinal ? "a control frame in fragments"
                : frame.Payload.Length > 125 ? "a control frame of more than 125 bytes"
                : frame.Opcode > Opcode.Pong ? $"reserved opcode {frame.Opcode}"
                : frame is { Opcode: Opcode.Close, Payload.Length: 1 } ? "a close frame with one byte of payload"
                : null;
        }

        return frame.Opcode > Opcode.Binary ? $"reserved opcode {frame.Opcode}"
            : frame.Opcode == Opcode.Continuation && !_isInMessage ? "a continuation of nothing"
            : frame.Opcode != Opcode.Continuation && _isInMessage ? "a new message inside another"
            : _reader.LengthFault;
    }
}
