using System.Buffers;

namespace Engine.Http1;

/// <summary>A content coding between what a handler writes and what is sent. Of one response, one thread at a time.</summary>
internal abstract class BodyEncoder
{
    /// <summary>
    /// Decides, when the response starts, whether its body is encoded, and then changes the fields accordingly. Called once.
    /// </summary>
    /// <param name="response">Its status and fields are final but for what the coding adds.</param>
    /// <param name="lengthBytes">The length of the body; null when more may follow.</param>
    public abstract bool TryBegin(HttpResponse response, long? lengthBytes);

    /// <summary>Encodes the next bytes.</summary>
    public abstract void Encode(ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination);

    /// <summary>Writes out what the coding holds back, so that the receiver can decode everything so far.</summary>
    public abstract void Flush(IBufferWriter<byte> destination);

    /// <summary>Ends the encoded body.</summary>
    public abstract void End(IBufferWriter<byte> destination);

    /// <summary>Gives back what it holds. Called once, also for a response that failed.</summary>
    public abstract void Release();
}
