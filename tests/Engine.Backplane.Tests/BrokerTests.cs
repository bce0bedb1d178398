using System.Text;
using Engine.PubSub;

namespace Engine.Backplane.Tests;

/// <summary>One broker, and nodes that join over it, without hubs.</summary>
internal abstract class BrokerTests(string name)
{
    protected const int MaxMessages = 500;

    private readonly List<IBackplane> _nodes = [];
    private ulong _origins;
    private int _topics;

    protected BrokerUnderTest Broker { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        Broker = BrokerUnderTest.Make(name, MaxMessages);
        await Broker.StartAsync();
    }

    [TearDown]
    public async Task Disconnect()
    {
        foreach (IBackplane node in _nodes)
        {
            await node.DisposeAsync();
        }

        _nodes.Clear();
    }

    [OneTimeTearDown]
    public void Stop() => Broker.Dispose();

    protected async Task<(Publisher Node, Ear Ear)> JoinAsync()
    {
        IBackplane node = Broker.Connect();
        _nodes.Add(node);
        var ear = new Ear();
        node.Start(ear);
        await ear.WaitForAsync(BackplaneState.Connected);
        return (new Publisher(node, ++_origins), ear);
    }

    protected string NewTopic() => $"s.topic {++_topics}.ä*>";

    protected static string TextOf(BackplaneMessage message) => Encoding.UTF8.GetString(message.Payload.Span);

    /// <summary>A node with a sequence of its own, as a hub has.</summary>
    protected sealed class Publisher(IBackplane backplane, ulong origin)
    {
        private readonly Dictionary<string, long> _last = [];
        private long _sequence;

        public IBackplane Backplane => backplane;

        public BackplanePublication Make(string topic, string text, bool isKept = true, string? key = null, bool follows = false)
        {
            long previous = _last.GetValueOrDefault(topic);
            _last[topic] = ++_sequence;
            return new BackplanePublication(topic, Encoding.UTF8.GetBytes(text), isKept, (origin << 32) | 1, _sequence, previous) { IdempotencyKey = key, FollowsConfirmed = follows };
        }

        public ValueTask<BackplaneReceipt> PublishAsync(string topic, string text, bool isKept = true, string? key = null, bool follows = false)
            => backplane.PublishAsync(Make(topic, text, isKept, key, follows), default);
    }
}
