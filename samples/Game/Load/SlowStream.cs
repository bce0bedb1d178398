using System.Diagnostics;

namespace Game;

/// <summary>A stream that gives a bounded number of bytes a second, a few at a time. The first, of the handshake, are free.</summary>
internal sealed class SlowStream(Stream inner, int bytesPerSecond) : Stream
{
    private const int FreeBytes = 200;
    private const int PieceBytes = 64;

    private readonly long _began = Stopwatch.GetTimestamp();
    private double _paidUntil;
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, PieceBytes)], cancellationToken);
        _read += count;
        if (_read > FreeBytes)
        {
            double now = Stopwatch.GetElapsedTime(_began).TotalSeconds;
            _paidUntil = Math.Max(_paidUntil, now) + ((double)count / bytesPerSecond);
            await Task.Delay(TimeSpan.FromSeconds(_paidUntil - now), cancellationToken);
        }

        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
