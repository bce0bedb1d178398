using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Engine.Interop.Tests;

namespace Engine.Backplane.Tests;

/// <summary>Three server processes over one broker, with clients and publishers from outside, while brokers and nodes die.</summary>
[CancelAfter(1_800_000)]
internal sealed class NodesTests
{
    private const string Topic = "s.room";

    [TestCase("redis")]
    [TestCase("nats")]
    public Task Every_confirmed_publication_reaches_every_subscriber_once_in_order(string broker)
        => RunAsync(broker, subscribersEach: 5, publications: 1_200, brokerKills: 1, partition: TimeSpan.FromSeconds(1));

    [Explicit("Ten minutes on a small machine.")]
    [TestCase("redis")]
    [TestCase("nats")]
    public Task Every_one_of_100_000_confirmed_publications_reaches_60_subscribers_once_in_order(string broker)
        => RunAsync(broker, subscribersEach: 30, publications: 100_000, brokerKills: 2, partition: TimeSpan.FromSeconds(10));

    [Explicit("Some minutes on a small machine.")]
    [TestCase(1_200, 5)]
    [TestCase(100_000, 30)]
    public Task Every_publication_that_does_not_reach_a_subscriber_over_RabbitMQ_is_told_as_a_gap(int publications, int subscribersEach)
        => RunAsync("rabbitmq", subscribersEach, publications, brokerKills: publications > 10_000 ? 2 : 1, partition: TimeSpan.FromSeconds(publications > 10_000 ? 10 : 1));

    private static async Task RunAsync(string name, int subscribersEach, int publications, int brokerKills, TimeSpan partition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(publications > 10_000 ? 25 : 5));
        using BrokerProcess broker = BrokerUnderTest.ProcessOf(name);
        await broker.StartAsync();
        await using var relay = new Relay(new IPEndPoint(IPAddress.Loopback, broker.Port));
        List<ServerProgram> nodes = [];
        try
        {
            for (int i = 0; i < 3; i++)
            {
                nodes.Add(await ServerProgram.StartTestServerAsync("auto", "--backplane", $"{(name == "rabbitmq" ? "amqp" : name)}://127.0.0.1:{(i == 1 ? relay.Port : broker.Port)}"));
            }

            Uri[] addresses = [.. nodes.Select(static node => new Uri(node.Http))];
            NodePeer[] peers = [.. Enumerable.Range(0, 2 * subscribersEach).Select(i => new NodePeer(addresses, i / 2, Topic, isSse: i % 2 == 0))];
            Task[] listening = [.. peers.Select(peer => peer.RunAsync(limit.Token))];
            await Task.WhenAll(peers.Select(static peer => peer.Subscribed)).WaitAsync(limit.Token);

            using var publisher = new Publishers(addresses, publications);
            Task publishing = publisher.RunAsync(limit.Token);
            var watch = Stopwatch.StartNew();
            for (int i = 1; i <= brokerKills; i++)
            {
                await publisher.ReachAsync(publications * i / (brokerKills + 3), limit.Token);
                broker.Kill();
                await broker.StartAsync();
            }

            await publisher.ReachAsync(publications * (brokerKills + 1) / (brokerKills + 3), limit.Token);
            await relay.PauseAsync(partition);
            await publisher.ReachAsync(publications * (brokerKills + 2) / (brokerKills + 3), limit.Token);
            await nodes[2].Process.SignalAsync("KILL");
            await publishing;
            int missed = 0;
            if (name == "rabbitmq")
            {
                // Each node has its own, and one that is on its way to another node may miss one.
                for (int i = 0; !listening.All(static one => one.IsCompleted); i++)
                {
                    await publisher.PublishAsync(NodePeer.End, 0, limit.Token, key: $"end {i}");
                    await Task.Delay(100, limit.Token);
                }

                await Task.WhenAll(listening);
                missed = peers.Sum(peer => CountMissed(peer, publications / 2));
            }
            else
            {
                await publisher.PublishAsync(NodePeer.End, 0, limit.Token);
                await Task.WhenAll(listening).WaitAsync(limit.Token);
                string[] expected = publisher.InOrder();
                Assert.That(expected, Has.Length.EqualTo(publications + 1));
                foreach (NodePeer peer in peers)
                {
                    Assert.That(peer.Gaps, Is.Empty);
                    Assert.That(peer.Heard.Select(static heard => $"{heard.Position} {heard.Text}"), Is.EqualTo(expected));
                }
            }

            TestContext.Out.WriteLine($"{name}: {publications} publications, {peers.Length} subscribers, {watch.Elapsed.TotalSeconds:f1} s, "
                + $"{peers.Sum(static peer => peer.Connections) - peers.Length} reconnects, {publisher.Retries} retries by publishers, {publisher.Duplicates} duplicates recognized, "
                + $"{missed} missed, {peers.Sum(static peer => peer.Gaps.Count)} gaps told");
        }
        finally
        {
            foreach (ServerProgram node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    /// <summary>Counts what a subscriber did not hear, and finds a gap told where numbers of a publisher are left out. What a publisher tried again may come twice.</summary>
    private static int CountMissed(NodePeer peer, int each)
    {
        int[] next = [0, 0], since = [0, 0];
        int missed = 0;
        for (int i = 0; i <= peer.Heard.Count; i++)
        {
            string text = i == peer.Heard.Count ? NodePeer.End : peer.Heard[i].Text;
            for (int publisher = 0; publisher < 2; publisher++)
            {
                if (text != NodePeer.End && !text.StartsWith($"{publisher + 1}-", StringComparison.Ordinal))
                {
                    continue;
                }

                int number = text == NodePeer.End ? each : int.Parse(text.AsSpan(2), CultureInfo.InvariantCulture);
                if (number > next[publisher])
                {
                    missed += number - next[publisher];
                    Assert.That(Enumerable.Range(since[publisher], i - since[publisher] + 1).Any(peer.GapsAt.Contains), Is.True, $"{next[publisher]} to {number} of {publisher + 1} are told");
                }

                next[publisher] = Math.Max(next[publisher], number + 1);
                since[publisher] = i + 1;
            }
        }

        return missed;
    }

    /// <summary>Two publishers that try each publication again, on another node, until it is confirmed.</summary>
    private sealed class Publishers(Uri[] nodes, int count) : IDisposable
    {
        private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(30) };
        private readonly ConcurrentDictionary<string, string> _confirmed = new();
        private int _retries;
        private int _duplicates;

        public int Retries => _retries;

        public int Duplicates => _duplicates;

        public void Dispose() => _http.Dispose();

        public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(1, 2).Select(publisher => Pool.Run(async () =>
        {
            for (int i = 0; i < count / 2; i++)
            {
                await PublishAsync($"{publisher}-{i}", publisher, cancellationToken);
            }
        })));

        public async Task PublishAsync(string text, int node, CancellationToken cancellationToken, string? key = null)
        {
            while (true)
            {
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(nodes[node % nodes.Length], $"/topics/{Topic}")) { Content = new StringContent(text) };
                    request.Headers.Add("Idempotency-Key", key ?? text);
                    using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
                    if (response.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK)
                    {
                        _duplicates += response.StatusCode == HttpStatusCode.OK ? 1 : 0;
                        _confirmed[text] = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
                        return;
                    }
                }
                catch (Exception exception) when (exception is HttpRequestException or IOException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
                {
                    // The node is gone.
                }

                Interlocked.Increment(ref _retries);
                node++;
                await Task.Delay(20, cancellationToken);
            }
        }

        public async Task ReachAsync(int confirmed, CancellationToken cancellationToken)
        {
            while (_confirmed.Count < confirmed)
            {
                await Task.Delay(5, cancellationToken);
            }
        }

        /// <summary>Positions and texts in the broker's order.</summary>
        public string[] InOrder()
            => [.. _confirmed.OrderBy(static pair => ulong.Parse(pair.Value.AsSpan(pair.Value.IndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture))
                .Select(static pair => $"{pair.Value} {pair.Key}")];
    }
}
