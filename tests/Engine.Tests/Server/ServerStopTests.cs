using System.Net.Sockets;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>A stop ends when it says, whatever handlers do, and leaves nobody behind.</summary>
public sealed class ServerStopTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_stop_that_is_awaited_inside_a_handler_returns_there()
    {
        RunningServer server = null!;
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server = await StartAsync(made => new ProbeProtocol
        {
            OnBytes = (connection, bytes) =>
            {
                _ = StopAsync();
                return bytes.Length;
            },
        });
        async Task StopAsync()
        {
            await server.Engine.StopAsync(TimeSpan.FromMilliseconds(50));
            returned.SetResult();
        }

        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        await returned.Task.WaitAsync(Cancellation);
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task A_handler_that_still_waits_when_the_server_has_stopped_comes_to_its_end()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RunningServer server = await StartAsync(made => new ProbeProtocol
        {
            OnBytes = (connection, bytes) =>
            {
                _ = WaitAsync();
                return bytes.Length;
            },
        });
        async Task WaitAsync()
        {
            entered.SetResult();
            try
            {
                await gate.Task;
            }
            finally
            {
                ended.SetResult();
            }
        }

        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        await entered.Task.WaitAsync(Cancellation);
        await server.DisposeAsync();
        gate.SetResult();
        await ended.Task.WaitAsync(Cancellation);
    }

    [Test]
    public async Task A_handler_that_blocks_its_loop_does_not_hold_the_stop_up()
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RunningServer server = await StartAsync(made => new ProbeProtocol
        {
            OnBytes = (_, bytes) =>
            {
                entered.SetResult();
                gate.Wait(Cancellation);
                return bytes.Length;
            },
        });
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        await entered.Task;
        await server.Engine.StopAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(Cancellation);
        Assert.That(server.Engine.ConnectionCount, Is.EqualTo(1), "the connection of the blocked handler is there until it returns");
        Assert.That(async () => await server.ConnectAsync(), Throws.InstanceOf<SocketException>());
        gate.Set();
        Assert.That(() => server.Engine.ConnectionCount, Is.Zero.After(10_000, 10));
        await client.ReadToEndAsync();
    }

    [Test]
    public async Task Peers_that_wait_to_be_accepted_when_a_stop_begins_are_not_left_behind()
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RunningServer server = await StartAsync(
            made => new ProbeProtocol
            {
                OnBytes = (_, bytes) =>
                {
                    entered.TrySetResult();
                    gate.Wait(Cancellation);
                    return bytes.Length;
                },
            },
            static options => options.LoopCount = 1);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        await entered.Task.WaitAsync(Cancellation);
        RawClient[] waiting = [await server.ConnectAsync(), await server.ConnectAsync(), await server.ConnectAsync()];
        Task stop = server.Engine.StopAsync(TimeSpan.FromSeconds(60));
        gate.Set();
        await stop.WaitAsync(Cancellation);
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
        foreach (RawClient peer in waiting)
        {
            await using (peer)
            {
                try
                {
                    Assert.That(await peer.ReadToEndAsync(), Is.Empty);
                }
                catch (SocketException)
                {
                    // The kernel reset those who were still in its backlog.
                }
            }
        }
    }

    [Test]
    public async Task A_stop_without_end_waits_until_a_shorter_patience_joins_it([Values] bool isCancelled)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RunningServer server = await StartAsync(_ => new StayingProtocol(stopping));
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        await client.ReadExactlyAsync(1);
        using var patience = new CancellationTokenSource();
        Task stop = server.Engine.StopAsync(Timeout.InfiniteTimeSpan, patience.Token);
        Task another = server.Engine.StopAsync(TimeSpan.MaxValue);
        await stopping.Task.WaitAsync(Cancellation);
        await client.SendAsync("y");
        Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("y"u8.ToArray()), "nobody was aborted");
        Assert.That(stop.IsCompleted || another.IsCompleted, Is.False);
        if (isCancelled)
        {
            await patience.CancelAsync();
        }
        else
        {
            await server.Engine.StopAsync(TimeSpan.Zero);
        }

        await stop.WaitAsync(Cancellation);
        await another.WaitAsync(Cancellation);
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
        Assert.That(() => server.Engine.StopAsync(TimeSpan.FromSeconds(-2)), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_server_that_failed_to_start_and_one_that_never_did_keep_nothing()
    {
        await using RunningServer taken = await StartAsync(_ => new ProbeProtocol());
        List<WeakReference> servers = [];
        int before = OpenDescriptors();
        for (int i = 0; i < 30; i++)
        {
            servers.Add(FailToStart(taken, Transport, starts: i % 2 == 0));
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.That(servers.Count(static server => server.IsAlive), Is.LessThanOrEqualTo(1), "the last may still stand on the stack");
        Assert.That(OpenDescriptors, Is.LessThan(before + 10).After(5_000, 50));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference FailToStart(RunningServer taken, TransportKind transport, bool starts)
    {
        var options = new ServerOptions { Transport = transport, LoopCount = 4 };
        options.EndPoints.Add(taken.EndPoint);
        var server = new EngineServer(options, static _ => new ProbeProtocol());
        if (starts)
        {
            Assert.That(() => server.StartAsync(), Throws.InstanceOf<SocketException>().With.Message.Contains(taken.EndPoint.ToString()!));
        }

        return new WeakReference(server);
    }

    private static int OpenDescriptors() => OperatingSystem.IsLinux() ? Directory.GetFileSystemEntries("/proc/self/fd").Length : 0;

    /// <summary>Echoes, and does not let itself be stopped.</summary>
    private sealed class StayingProtocol(TaskCompletionSource stopping) : ConnectionProtocol
    {
        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            connection.TrySend(bytes);
            return bytes.Length;
        }

        protected internal override void OnStopping(Connection connection) => stopping.TrySetResult();
    }
}
