using System.Buffers;

namespace Engine.Http1;

/// <summary>A content coding of the body, which middleware may have set: bytes are encoded on their way from the handler to the sending half of this class.</summary>
public sealed partial class HttpResponse
{
    /// <summary>A large write is encoded in slices of this size, so that no other connection of the loop waits for all of it.</summary>
    private const int EncodeSliceBytes = 65_536;

    private BodyEncoder? _encoder;
    private bool _isEncodingDecided;

    /// <summary>What <see cref="ContentLength"/> said before the coding took its place, and what was written of it.</summary>
    private long? _plainLength;
    private long _plainBytes;

    /// <summary>Bytes of the body so far, as they are sent, without chunk framing.</summary>
    internal long SentBodyBytes => BodyBytes;

    /// <summary>Sets what encodes the body, if it agrees when the response starts. It is released with the response.</summary>
    internal void UseEncoder(BodyEncoder encoder)
    {
        ThrowIfStarted();
        DropEncoder();
        _encoder = encoder;
    }

    /// <summary>Whether more than one send makes up the body and the encoder has agreed to it.</summary>
    private bool IsEncoding()
    {
        if (!_isEncodingDecided)
        {
            Decide(lengthBytes: null);
        }

        return _encoder is not null;
    }

    private void Decide(long? lengthBytes)
    {
        _isEncodingDecided = true;
        if (HasStarted || !_encoder!.TryBegin(this, lengthBytes ?? Headers.ContentLength))
        {
            DropEncoder();
            _isEncodingDecided = true;
            return;
        }

        _plainLength = Headers.ContentLength;
        _plainBytes = 0;
        Headers.ContentLength = null;
    }

    private async ValueTask EncodeAsync(Connection connection, ReadOnlyMemory<byte> bytes, bool isFlush, CancellationToken cancellationToken)
    {
        uint generation = _generation;
        if (_pending.Length > 0)
        {
            int length = _pending.Length;
            byte[] plain = TakePending();
            try
            {
                await EncodeSlicesAsync(connection, plain.AsMemory(0, length), generation, cancellationToken);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(plain);
            }
        }

        await EncodeSlicesAsync(connection, bytes, generation, cancellationToken);
        if (isFlush)
        {
            _encoder!.Flush(_pending);
        }

        await ToLoopAsync(connection, default, generation, cancellationToken);
    }

    private async ValueTask EncodeSlicesAsync(Connection connection, ReadOnlyMemory<byte> plain, uint generation, CancellationToken cancellationToken)
    {
        while (plain.Length > EncodeSliceBytes)
        {
            Encode(plain.Span[..EncodeSliceBytes]);
            plain = plain[EncodeSliceBytes..];
            await ToLoopAsync(connection, default, generation, cancellationToken);
            await Task.Yield();
            ThrowIfAnother(generation);
        }

        Encode(plain.Span);
    }

    /// <summary>The handler is done: what it left unsent is encoded, and the coding ended. False when it wrote less than <see cref="ContentLength"/> said.</summary>
    private bool TryEncodeRest()
    {
        if (_encoder is null)
        {
            return true;
        }

        if (!_isEncodingDecided)
        {
            // HEAD, without what GET would bring: the length of the encoded form is not known, and may be left out (RFC 9110 §9.3.2).
            bool isBodiless = _isHead && _pending.Length == 0;
            Decide(isBodiless ? null : _pending.Length);
            if (_encoder is not null && isBodiless)
            {
                DropEncoder();
                Start(wholeBytes: null);
            }
        }

        if (_encoder is not { } encoder)
        {
            return true;
        }

        EncodePending();
        encoder.End(_pending);
        DropEncoder();
        return _isHead || _plainLength is not { } length || length == _plainBytes;
    }

    /// <summary>Replaces what the handler has written by its encoded form.</summary>
    private void EncodePending()
    {
        int length = _pending.Length;
        byte[] plain = TakePending();
        Encode(plain.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(plain);
    }

    private byte[] TakePending()
    {
        byte[] plain = ArrayPool<byte>.Shared.Rent(_pending.Length);
        _pending.Bytes.CopyTo(plain);
        _pending.Clear();
        return plain;
    }

    private void Encode(ReadOnlySpan<byte> plain)
    {
        if (plain.IsEmpty)
        {
            return;
        }

        _plainBytes += plain.Length;
        if (_plainBytes > _plainLength)
        {
            throw new InvalidOperationException("More was written than Content-Length says.");
        }

        _encoder!.Encode(plain, _pending);
    }

    private void DropEncoder()
    {
        _encoder?.Release();
        _encoder = null;
        _isEncodingDecided = false;
    }
}
