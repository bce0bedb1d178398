using Engine.TestKit;

namespace Engine.Tests;

/// <summary>What a loop promises to everybody that it calls.</summary>
public sealed class EventLoopTests(TransportKind transport) : BothTransports(transport)
{
    private static readonly AsyncLocal<string?> User = new();

    [Test]
    public async Task What_a_callback_leaves_in_an_AsyncLocal_is_not_seen_by_another_connection(
        [Values("started", "received", "deadline", "posted", "visited", "closed")] string callback)
    {
        void Leave(string where)
        {
            if (where == callback)
            {
                User.Value = "alice";
            }
        }

        var source = new Probes(Leave);
        await using RunningServer server = await StartAsync(source.Next, static options => options.LoopCount = 1);
        await using (RawClient alice = await server.ConnectAsync())
        {
            await alice.SendAsync("x");
            await alice.ReadUntilAsync("\n");
            Connection first = await source.Started;
            await OnLoopAsync(first, () =>
            {
                Leave("posted");
                return true;
            });
            server.Engine.ForEachConnection(_ => Leave("visited"));
            await source.DeadlinePassed;
        }

        await source.Closed;
        await using RawClient bob = await server.ConnectAsync();
        await bob.SendAsync("x");
        Assert.That(System.Text.Encoding.ASCII.GetString(await bob.ReadUntilAsync("\n")), Is.EqualTo("none none\n"), "seen at the start, and with the bytes");
    }

    [Test]
    public async Task What_the_caller_of_StartAsync_has_in_an_AsyncLocal_is_not_seen_by_connections()
    {
        User.Value = "whoever started the server";
        await using RunningServer server = await StartAsync(_ => new Teller(static _ => { }));
        User.Value = null;
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        Assert.That(System.Text.Encoding.ASCII.GetString(await client.ReadUntilAsync("\n")), Is.EqualTo("none none\n"));
    }

    [Test]
    public async Task A_synchronization_context_that_a_callback_sets_is_gone_after_it()
    {
        var seen = new List<SynchronizationContext?>();
        await using RunningServer server = await StartAsync(
            _ => new ProbeProtocol
            {
                OnBytes = (connection, bytes) =>
                {
                    seen.Add(SynchronizationContext.Current);
                    SynchronizationContext.SetSynchronizationContext(null);
                    connection.TrySend(bytes);
                    return bytes.Length;
                },
            });
        await using RawClient client = await server.ConnectAsync();
        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync("x");
            await client.ReadExactlyAsync(1);
        }

        Assert.That(seen[0], Is.Not.Null);
        Assert.That(seen[1], Is.SameAs(seen[0]));
    }

    /// <summary>Says what its callbacks see, then leaves something behind in each.</summary>
    private sealed class Teller(Action<string> leave) : ConnectionProtocol
    {
        private string _atStart = "";

        public TaskCompletionSource<Connection> Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource DeadlinePassed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected internal override void OnStarted(Connection connection)
        {
            _atStart = User.Value ?? "none";
            leave("started");
            connection.SetDeadline(TimeSpan.FromMilliseconds(1));
            Started.TrySetResult(connection);
        }

        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            connection.TrySend(System.Text.Encoding.ASCII.GetBytes($"{_atStart} {User.Value ?? "none"}\n"));
            leave("received");
            return bytes.Length;
        }

        protected internal override void OnDeadline(Connection connection)
        {
            leave("deadline");
            DeadlinePassed.TrySetResult();
        }

        protected internal override void OnClosed(Connection connection, CloseReason reason)
        {
            leave("closed");
            Closed.TrySetResult();
        }
    }

    /// <summary>The first connection leaves something behind in its callbacks; those after it only look.</summary>
    private sealed class Probes(Action<string> leave)
    {
        private readonly Teller _first = new(leave);
        private int _made;

        public Task<Connection> Started => _first.Started.Task;

        public Task DeadlinePassed => _first.DeadlinePassed.Task;

        public Task Closed => _first.Closed.Task;

        public Teller Next(Connection connection) => Interlocked.Increment(ref _made) == 1 ? _first : new Teller(static _ => { });
    }
}
