using System.Net;

namespace Engine.Tests;

/// <summary>The stream that TLS reads and writes: in order, inline on the loop, and by way of the loop from elsewhere.</summary>
[CancelAfter(20_000)]
public sealed class CiphertextStreamTests
{
    private SocketLoop _loop = null!;
    private CiphertextStream _stream = null!;
    private SslStreamConnection _owner = null!;

    [SetUp]
    public void Start()
    {
        _loop = new SocketLoop(0);
        _loop.Start();
        _owner = new SslStreamConnection(new NowhereConnection(_loop), static _ => Task.CompletedTask, handshakeMilliseconds: 1);
        _stream = new CiphertextStream(_owner, _loop);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await OnLoopAsync(() =>
        {
            _stream.Release();
            _owner.Ciphertext.Clear();
        });
        Assert.That(_loop.Segments.RentedCount, Is.Zero);
        Assert.That(_loop.Counters.RentedRemainders, Is.Zero);
        _loop.Stop();
        await _loop.Completion;
        await _stream.DisposeAsync();
    }

    [Test]
    public async Task Reads_from_another_thread_are_answered_by_the_loop()
    {
        byte[] buffer = new byte[10];
        ValueTask<int> read = _stream.ReadAsync(buffer);
        await OnLoopAsync(() => _stream.Feed("hello"u8));
        Assert.That(await read, Is.EqualTo(5));
        Assert.That(buffer[..5], Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task Writes_from_another_thread_are_appended_on_the_loop_in_order()
    {
        await _stream.WriteAsync("one "u8.ToArray());
        await OnLoopAsync(() => _stream.Write("two "u8));
        await _stream.WriteAsync("three"u8.ToArray());
        byte[]? written = null;
        await OnLoopAsync(() => written = _owner.Ciphertext.Head!.PendingSpan.ToArray());
        Assert.That(written, Is.EqualTo("one two three"u8.ToArray()));
    }

    [Test]
    public async Task What_nobody_waits_for_is_kept_and_comes_first()
    {
        byte[] buffer = new byte[4];
        var read = new List<string>();
        await OnLoopAsync(() =>
        {
            _stream.Feed("abc"u8);
            _stream.Feed("def"u8);
            for (int i = 0; i < 2; i++)
            {
                ValueTask<int> next = _stream.ReadAsync(buffer);
                Assert.That(next.IsCompleted, Is.True, "on the loop nothing that is there has to be waited for");
                read.Add(System.Text.Encoding.ASCII.GetString(buffer, 0, next.GetAwaiter().GetResult()));
            }
        });
        Assert.That(read, Is.EqualTo(new[] { "abcd", "ef" }));
        Assert.That(_loop.Counters.RentedRemainders, Is.Zero);
    }

    [Test]
    public async Task A_read_of_nothing_waits_for_bytes_and_takes_none()
    {
        ValueTask<int> none = default;
        int later = 0;
        await OnLoopAsync(() =>
        {
            none = _stream.ReadAsync(Memory<byte>.Empty);
            Assert.That(none.IsCompleted, Is.False);
            _stream.Feed("x"u8);
            Assert.That(none.IsCompleted, Is.True);
            Assert.That(none.GetAwaiter().GetResult(), Is.Zero);
            ValueTask<int> next = _stream.ReadAsync(new byte[2]);
            Assert.That(next.IsCompleted, Is.True);
            later = next.GetAwaiter().GetResult();
        });
        Assert.That(later, Is.EqualTo(1));
    }

    [Test]
    public async Task The_end_answers_who_waits_and_everybody_after()
    {
        ValueTask<int> waiting = _stream.ReadAsync(new byte[1]);
        await OnLoopAsync(() => _stream.End());
        Assert.That(await waiting, Is.Zero);
        Assert.That(await _stream.ReadAsync(new byte[1]), Is.Zero);
    }

    private async Task OnLoopAsync(Action run)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(
            _ =>
            {
                try
                {
                    run();
                    done.SetResult();
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            },
            null);
        await done.Task;
    }

    /// <summary>A transport that leads nowhere.</summary>
    private sealed class NowhereConnection(EventLoop loop) : TransportConnection
    {
        public override EventLoop Loop => loop;

        public override EndPoint? RemoteEndPoint => null;

        public override EndPoint? LocalEndPoint => null;

        public override void Start(ConnectionId id)
        {
        }

        public override int Flush(Segment head) => 0;

        public override void PauseReceive()
        {
        }

        public override void ResumeReceive()
        {
        }

        public override void ShutdownSend()
        {
        }

        public override void Close(bool abortive)
        {
        }
    }
}
