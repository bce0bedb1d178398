using System.Buffers;
using System.Diagnostics;
using System.IO.Compression;

namespace Engine.Http1;

/// <summary>
/// One response's compression. The native state is made when the body begins and freed with its last byte, so that waiting responses hold
/// none.
/// </summary>
/// <remarks>
/// The loop may release it while a write that its handler left behind runs on another thread. Native memory survives no such thing, hence
/// the lock, which nobody else contends for.
/// </remarks>
internal sealed class CompressingEncoder(CompressionRules rules, ContentCodings coding) : BodyEncoder
{
    private readonly Lock _gate = new();
    private bool _isReleased;
    private GzipBody? _gzip;
    private BrotliBody? _brotli;

    public override bool TryBegin(HttpResponse response, long? lengthBytes)
    {
        if (response.StatusCode == 304)
        {
            // RFC 9110 §15.4.5: it says what the 200 would have said, and nobody knows any more what type that would have been of.
            AppendVary(response.Headers);
            return false;
        }

        if (!rules.Concern(response, lengthBytes))
        {
            return false;
        }

        AppendVary(response.Headers);
        if (coding == ContentCodings.None)
        {
            return false;
        }

        response.Headers.Set("Content-Encoding", coding == ContentCodings.Brotli ? "br" : "gzip");
        response.Headers.Remove("Accept-Ranges");
        if (response.Headers["ETag"] is { } tag && tag.StartsWith('"'))
        {
            // RFC 9110 §8.8.3.3: a strong tag is of the very bytes, which now are others.
            response.Headers.Set("ETag", "W/" + tag);
        }

        return true;
    }

    public override void Encode(ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination)
    {
        lock (_gate)
        {
            Write(bytes, destination);
        }
    }

    public override void Flush(IBufferWriter<byte> destination)
    {
        lock (_gate)
        {
            _brotli?.Flush(destination);
            _gzip?.Flush(destination);
        }
    }

    public override void End(IBufferWriter<byte> destination)
    {
        lock (_gate)
        {
            // An empty body has an encoded form too.
            Write(default, destination);
            _brotli?.End(destination);
            _gzip?.End(destination);
        }
    }

    public override void Release()
    {
        lock (_gate)
        {
            _isReleased = true;
            _brotli?.Dispose();
            _gzip?.Dispose();
            _brotli = null;
            _gzip = null;
        }
    }

    private void Write(ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination)
    {
        if (_isReleased)
        {
            throw EndedRequest.Exception();
        }

        if (coding == ContentCodings.Brotli)
        {
            (_brotli ??= new BrotliBody(rules.Level)).Write(bytes, destination);
        }
        else
        {
            (_gzip ??= new GzipBody(rules.Level)).Write(bytes, destination);
        }
    }

    private static void AppendVary(ResponseHeaders headers)
    {
        foreach (KeyValuePair<string, string> field in headers)
        {
            if (field.Key.Equals("Vary", StringComparison.OrdinalIgnoreCase)
                && (field.Value == "*" || field.Value.Contains("Accept-Encoding", StringComparison.OrdinalIgnoreCase)))
            {
                return;
            }
        }

        headers.Append("Vary", "Accept-Encoding");
    }

    /// <summary>gzip by the runtime's stream, whose output goes where the call at hand says.</summary>
    private sealed class GzipBody : IDisposable
    {
        private readonly WriterStream _output = new();
        private readonly GZipStream _gzip;

        public GzipBody(CompressionLevel level) => _gzip = new GZipStream(_output, level);

        public void Write(ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination)
        {
            _output.Destination = destination;
            _gzip.Write(bytes);
            _output.Destination = null;
        }

        public void Flush(IBufferWriter<byte> destination)
        {
            _output.Destination = destination;
            _gzip.Flush();
            _output.Destination = null;
        }

        public void End(IBufferWriter<byte> destination)
        {
            _output.Destination = destination;
            _gzip.Dispose();
            _output.Destination = null;
        }

        /// <summary>Frees the native state; what a body that failed still held goes nowhere.</summary>
        public void Dispose()
        {
            _gzip.Dispose();
            _output.Dispose();
        }
    }

    private sealed class WriterStream : Stream
    {
        public IBufferWriter<byte>? Destination { get; set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => Destination?.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => Destination?.Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }

    private sealed class BrotliBody : IDisposable
    {
        /// <summary>A window of 256 KB: the 4 MB of the default would be held for each response under way.</summary>
        private const int WindowBits = 18;

        private BrotliEncoder _encoder;

        public BrotliBody(CompressionLevel level)
            => _encoder = new BrotliEncoder(
                level switch
                {
                    CompressionLevel.NoCompression => 0,
                    CompressionLevel.Fastest => 1,
                    CompressionLevel.SmallestSize => 11,
                    _ => 4,
                },
                WindowBits);

        public void Write(ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination)
        {
            while (!bytes.IsEmpty)
            {
                Span<byte> output = destination.GetSpan(BrotliEncoder.GetMaxCompressedLength(Math.Min(bytes.Length, 4096)));
                OperationStatus status = _encoder.Compress(bytes, output, out int consumed, out int written, isFinalBlock: false);
                Debug.Assert(status is OperationStatus.Done or OperationStatus.DestinationTooSmall, "No bytes are invalid to an encoder.");
                destination.Advance(written);
                bytes = bytes[consumed..];
            }
        }

        public void Flush(IBufferWriter<byte> destination)
        {
            OperationStatus status;
            do
            {
                status = _encoder.Flush(destination.GetSpan(1024), out int written);
                destination.Advance(written);
            }
            while (status == OperationStatus.DestinationTooSmall);
        }

        public void End(IBufferWriter<byte> destination)
        {
            OperationStatus status;
            do
            {
                status = _encoder.Compress(default, destination.GetSpan(1024), out _, out int written, isFinalBlock: true);
                destination.Advance(written);
            }
            while (status == OperationStatus.DestinationTooSmall);
        }

        public void Dispose() => _encoder.Dispose();
    }
}
