using System.Security.Cryptography;

namespace Engine.WebSockets;

/// <summary>Messages into masked frames (RFC 6455 §5.3), compressed where that was agreed on. One caller at a time.</summary>
internal sealed class ClientFrameWriter(DeflateAgreement agreement, DeflateContextPool? contexts, int thresholdBytes) : IDisposable
{
    private const int KeyBatchBytes = 1024;

    private readonly byte[] _keys = new byte[KeyBatchBytes];
    private int _keyAt = KeyBatchBytes;
    private DeflateContext? _deflate;
    private MessageBuffer _packed;

    public void Write(ClientMessage message, ref MessageBuffer output)
    {
        ReadOnlySpan<byte> payload = message.Payload;
        bool isCompressed = agreement.IsAgreed && payload.Length >= thresholdBytes;
        if (isCompressed)
        {
            _deflate ??= contexts!.RentDeflate(agreement.SendWindowBits);
            _deflate.Compress(payload, ref _packed, agreement.SendTakeover);
            payload = _packed.Written;
        }

        Write(message.Opcode, isCompressed, payload, ref output);
        _packed.Return();
    }

    public void Write(FrameOpcode opcode, bool isCompressed, ReadOnlySpan<byte> payload, ref MessageBuffer output)
    {
        uint mask = NextKey();
        Span<byte> frame = output.GetSpan(FrameHeader.MaxBytes + payload.Length);
        int length = FrameEncoder.WriteHeader(frame, FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed), payload.Length, mask);
        payload.CopyTo(frame[length..]);
        Masking.Apply(frame.Slice(length, payload.Length), mask);
        output.Advance(length + payload.Length);
    }

    public void Dispose()
    {
        _packed.Return();
        if (_deflate is { } deflate)
        {
            _deflate = null;
            deflate.ForgetHistory();
            contexts!.Return(deflate);
        }
    }

    /// <summary>RFC 6455 §10.3: keys that nobody can foresee, drawn from the system's source many at a time.</summary>
    private uint NextKey()
    {
        if (_keyAt == KeyBatchBytes)
        {
            RandomNumberGenerator.Fill(_keys);
            _keyAt = 0;
        }

        uint key = BitConverter.ToUInt32(_keys, _keyAt);
        _keyAt += 4;
        return key == 0 ? 1 : key;
    }
}
