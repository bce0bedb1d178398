using System.Buffers;
using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace Engine;

/// <summary>
/// What <see cref="System.Net.Security.SslStream"/> reads and writes. A read completes inline when bytes arrive, so that decryption happens on the loop,
/// inside the event; a write is appended to the connection's ciphertext and completes at once. An idle stream holds no buffer.
/// Calls from another thread, which happen only after a function of the host's has left the loop, are carried out on the loop.
/// </summary>
internal sealed unsafe class CiphertextStream(SslStreamConnection owner, EventLoop loop) : Stream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _wanted;
    private byte[]? _kept;
    private int _keptStart;
    private int _keptEnd;
    private byte* _arrived;
    private int _arrivedLength;
    private bool _waiting;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private int AvailableBytes => _keptEnd - _keptStart + _arrivedLength;

    /// <summary>Bytes arrived. Whoever waits takes them now; what nobody wants yet is kept. Loop only.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* arrived = bytes)
        {
            _arrived = arrived;
            _arrivedLength = bytes.Length;
            ServeWaiting();
            if (_arrivedLength > 0)
            {
                Keep(new ReadOnlySpan<byte>(_arrived, _arrivedLength));
            }

            _arrived = null;
            _arrivedLength = 0;
        }
    }

    /// <summary>Nothing more will arrive. Loop only.</summary>
    public void End()
    {
        _ended = true;
        ServeWaiting();
    }

    /// <summary>The connection is over: what waits ends, and everything rented goes back. Loop only.</summary>
    public void Release()
    {
        ReturnKept();
        End();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Debug.Assert(!_waiting, "There is one reader.");
        _read.Reset();
        _wanted = buffer;
        if (!loop.IsCurrent)
        {
            loop.Post(
                static state =>
                {
                    var stream = (CiphertextStream)state!;
                    stream._waiting = true;
                    stream.ServeWaiting();
                },
                this);
            return new ValueTask<int>(this, _read.Version);
        }

        if (AvailableBytes > 0 || _ended)
        {
            return new ValueTask<int>(Take());
        }

        _waiting = true;
        return new ValueTask<int>(this, _read.Version);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (loop.IsCurrent)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        return WriteOnLoopAsync(buffer);
    }

    public override void Write(ReadOnlySpan<byte> buffer) => owner.Append(buffer);

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A loop does not wait.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _read.OnCompleted(continuation, state, token, flags);

    /// <summary>Out of line: what it captures is allocated.</summary>
    private ValueTask WriteOnLoopAsync(ReadOnlyMemory<byte> buffer)
    {
        var written = new TaskCompletionSource();
        loop.Post(
            _ =>
            {
                Write(buffer.Span);
                written.SetResult();
            },
            null);
        return new ValueTask(written.Task);
    }

    /// <summary>A read that is answered usually leads to the next: the loop ends when the reader has enough, or everything.</summary>
    private void ServeWaiting()
    {
        while (_waiting && (AvailableBytes > 0 || _ended))
        {
            _waiting = false;
            _read.SetResult(Take());
        }
    }

    /// <summary>Fills what is wanted, the older bytes first. An empty buffer only asks whether there are any.</summary>
    private int Take()
    {
        Span<byte> wanted = _wanted.Span;
        _wanted = default;
        int taken = 0;
        if (_kept is not null)
        {
            taken = Math.Min(wanted.Length, _keptEnd - _keptStart);
            _kept.AsSpan(_keptStart, taken).CopyTo(wanted);
            _keptStart += taken;
            if (_keptStart == _keptEnd)
            {
                ReturnKept();
            }
        }

        int fresh = Math.Min(wanted.Length - taken, _arrivedLength);
        new ReadOnlySpan<byte>(_arrived, fresh).CopyTo(wanted[taken..]);
        _arrived += fresh;
        _arrivedLength -= fresh;
        return taken + fresh;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_ended)
        {
            return;
        }

        int held = _keptEnd - _keptStart;
        if (_kept is null || _kept.Length - _keptEnd < bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(held + bytes.Length);
            _kept.AsSpan(_keptStart, held).CopyTo(larger);
            ReturnKept();
            _kept = larger;
            _keptEnd = held;
            loop.Counters.CountRemainder(1);
        }

        bytes.CopyTo(_kept.AsSpan(_keptEnd));
        _keptEnd += bytes.Length;
    }

    private void ReturnKept()
    {
        if (_kept is { } kept)
        {
            _kept = null;
            _keptStart = 0;
            _keptEnd = 0;
            loop.Counters.CountRemainder(-1);
            ArrayPool<byte>.Shared.Return(kept);
        }
    }
}
