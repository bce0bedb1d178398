using System.Buffers;

namespace Engine.WebSockets;

/// <summary>
/// Publications as frames whose payload is what was published: text for text and JSON, binary for the rest. Framed once for all connections of a form; the
/// connections of one endpoint that can read it share a compressed one.
/// </summary>
/// <param name="contexts">The endpoint's compressors; null for plain frames.</param>
/// <param name="thresholdBytes">Shorter messages stay plain.</param>
internal sealed class TopicFrames(DeflateContextPool? contexts, int thresholdBytes) : WireForm
{
    /// <summary>A compressed frame is for connections with this window, and without a history of their own: as <see cref="PreparedMessage"/>.</summary>
    public const int WindowBits = 15;

    private static readonly Action<object?> Return = static bytes => ArrayPool<byte>.Shared.Return((byte[])bytes!);

    /// <summary>The frames of all connections that do not compress.</summary>
    public static TopicFrames Plain { get; } = new(contexts: null, int.MaxValue);

    protected override SharedSegment Encode(Publication publication)
        => Encode(publication.Payload, publication.Kind == PayloadKind.Binary ? FrameOpcode.Binary : FrameOpcode.Text, publication.NeverCompress);

    /// <summary>Frames a payload that was published, or the message of a protocol above that carries one.</summary>
    public SharedSegment Encode(ReadOnlySpan<byte> payload, FrameOpcode opcode, bool neverCompress)
    {
        if (contexts is null || neverCompress || payload.Length < thresholdBytes)
        {
            return Frame(opcode, payload, isCompressed: false);
        }

        var packed = default(MessageBuffer);
        DeflateContext context = contexts.RentDeflate(WindowBits);
        context.Compress(payload, ref packed, keepHistory: false);
        contexts.Return(context);
        bool isShorter = packed.LengthBytes < payload.Length;
        SharedSegment frame = Frame(opcode, isShorter ? packed.Written : payload, isShorter);
        packed.Return();
        return frame;
    }

    private static SharedSegment Frame(FrameOpcode opcode, ReadOnlySpan<byte> payload, bool isCompressed)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(FrameHeader.MaxBytes + payload.Length);
        int length = FrameEncoder.WriteHeader(frame, FrameEncoder.FirstByte(opcode, isFinal: true, isCompressed), payload.Length);
        payload.CopyTo(frame.AsSpan(length));
        return SharedSegment.Wrap(frame.AsMemory(0, length + payload.Length), Return, frame);
    }
}
