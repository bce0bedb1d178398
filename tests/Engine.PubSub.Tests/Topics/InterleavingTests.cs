using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.PubSub.Tests;

/// <summary>
/// Random interleavings of publish, subscribe, unsubscribe, slow, drain, drop, reconnect and expire, on two loops: what each subscriber gets is the topic's
/// sequence, without a hole that it was not told of, and without a duplicate.
/// </summary>
[CancelAfter(120_000)]
public sealed class InterleavingTests
{
    private static readonly string[] TopicNames = ["e", "s", "l", "small"];

    [Test]
    public void No_interleaving_makes_an_untold_hole_or_a_duplicate()
        => Prop.ForAll(Steps(), static steps => new World(steps).Play()).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    /// <summary>Longer than FsCheck's arrays, from seeds that a failure names.</summary>
    [Test]
    public void No_long_interleaving_does([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        new World([.. Enumerable.Range(0, 3_000).Select(_ => random.Next())]).Play();
    }

    private static Arbitrary<int[]> Steps() => Arb.From(Gen.Choose(0, int.MaxValue).ArrayOf(), Shorter);

    private static IEnumerable<int[]> Shorter(int[] steps)
    {
        for (int size = steps.Length / 2; size > 0; size /= 2)
        {
            for (int start = 0; start + size <= steps.Length; start += size)
            {
                yield return [.. steps[..start], .. steps[(start + size)..]];
            }
        }
    }

    private sealed class World(int[] steps)
    {
        private readonly Room _room = new(
            new TopicHubOptions { Default = new TopicOptions(TopicKind.Ephemeral) { MaxMessages = 20 } }
                .Add("s", new TopicOptions(TopicKind.Stream) { MaxMessages = 40 })
                .Add("small", new TopicOptions(TopicKind.Stream) { MaxMessages = 3, MaxAge = TimeSpan.FromSeconds(20) })
                .Add("l", new TopicOptions(TopicKind.Latest) { RemovalAge = TimeSpan.FromSeconds(10) }),
            loops: 2,
            maxOutboundBytes: 1024);

        private readonly Dictionary<string, string> _values = [];
        private readonly List<Client> _clients = [];
        private int _published;

        public void Play()
        {
            for (int i = 0; i < 4; i++)
            {
                _clients.Add(new Client(_room, i % 2));
            }

            foreach (int step in steps)
            {
                Do(step);
            }

            Settle();
            _room.Close();
        }

        private void Do(int step)
        {
            Client client = _clients[step / 16 % _clients.Count];
            string topic = TopicNames[step / 128 % TopicNames.Length];
            int amount = step / 1024 % 7;
            switch (step % 16)
            {
                case 0 or 1 or 2 or 3 or 4:
                    Publish(topic, amount, client);
                    break;
                case 5 or 6:
                    client.Subscribe(topic);
                    break;
                case 7:
                    client.Unsubscribe(topic);
                    break;
                case 8:
                    client.Guest.Freeze();
                    break;
                case 9 or 10:
                    client.Guest.Thaw(amount * 100);
                    break;
                case 11:
                    client.Reconnect();
                    break;
                case 12:
                    _room.Advance(TimeSpan.FromSeconds(amount));
                    break;
                case 13 or 14:
                    _room.Run();
                    break;
                default:
                    client.Read();
                    break;
            }
        }

        private void Publish(string topic, int amount, Client client)
        {
            for (int i = 0; i <= amount * amount; i++)
            {
                string text = $"{++_published}{(amount == 6 && i == 3 ? new string('x', 3000) : "")}";
                string key = $"k{_published % 5}";
                bool isRemoval = topic == "l" && _published % 11 == 0;
                var message = new TopicMessage(text) { Key = topic == "l" ? key : null, IsRemoval = isRemoval };
                _room.Hub.Publish(topic, message);
                if (topic == "l" && isRemoval)
                {
                    _values.Remove(key);
                }
                else if (topic == "l")
                {
                    _values[key] = text;
                }

                if (i % 8 == 5)
                {
                    client.Read();
                }
            }
        }

        /// <summary>Everybody reads to the end: then everybody has everything.</summary>
        private void Settle()
        {
            foreach (Client client in _clients)
            {
                client.Guest.Thaw();
            }

            for (int i = 0; i < 10; i++)
            {
                _room.Advance(TimeSpan.FromMilliseconds(50));
                _clients.ForEach(static client => client.Read());
            }

            foreach (Client client in _clients)
            {
                client.CheckComplete(_values);
            }
        }
    }

    /// <summary>One peer: it checks each message against the one before, as any client of a real wire could.</summary>
    private sealed class Client(Room room, int loop)
    {
        private readonly Dictionary<string, Seen> _seen = [];
        private int _loop = loop;
        private string _rest = "";

        public Room.Guest Guest { get; private set; } = room.Enter(loop);

        public void Subscribe(string topic)
        {
            // What is on its way belongs to the subscription before.
            if (Guest.Subscriber.IsSubscribed(topic) || !Drained())
            {
                return;
            }

            // Without a message since a loss, the client knows no position that it could come back with.
            TopicPosition left = _seen.TryGetValue(topic, out Seen? known) && known.Last is { } last ? new TopicPosition(known.Epoch, last) : default;
            SubscribeResult result = Guest.Subscriber.Subscribe(topic, left);
            Assert.That(result.IsSubscribed, Is.True);
            Seen seen = result.Status == SubscribeStatus.Recovered ? known! : new Seen();
            seen.Epoch = result.Position.Epoch;
            switch (result.Status)
            {
                case SubscribeStatus.Recovered:
                    Assert.That(seen.Last, Is.EqualTo(left.Offset));
                    break;
                case SubscribeStatus.Lost when topic != "l":
                    // What is kept begins behind the hole: as many as the answer says, ending with the position that it names.
                    seen.Last = null;
                    seen.NotBefore = left.Epoch == result.Position.Epoch ? left.Offset : 0;
                    break;
                default:
                    seen.Last = topic == "l" ? 0 : result.Position.Offset;
                    seen.Values.Clear();
                    break;
            }

            _seen[topic] = seen;
        }

        public void Unsubscribe(string topic)
        {
            Guest.Subscriber.Unsubscribe(topic);
        }

        public void Reconnect()
        {
            Read();
            Guest.Peer.Reset();
            room.Run();
            _rest = "";
            _loop ^= 1;
            Guest = room.Enter(_loop);
        }

        /// <summary>Takes what has arrived. A client that is cut in the middle of a line forgets the piece.</summary>
        public void Read()
        {
            room.Run();
            string received = _rest + System.Text.Encoding.UTF8.GetString(Guest.Peer.TakeReceived());
            int end = received.LastIndexOf('\n') + 1;
            string text = received[..end];
            _rest = received[end..];
            foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] fields = line.Split('|');
                if (_seen.TryGetValue(fields[1], out Seen? seen))
                {
                    Take(fields, seen);
                }
            }
        }

        public void CheckComplete(Dictionary<string, string> values)
        {
            foreach (string topic in Guest.Subscriber.Topics)
            {
                TopicPosition head = room.Hub.PositionOf(topic);
                Seen seen = _seen[topic];
                Assert.That(Guest.Subscriber.PositionOf(topic), Is.EqualTo(head), topic);
                if (topic == "l")
                {
                    Assert.That(seen.Values, Is.EquivalentTo(values));
                }
                else if (seen.Last is { } last)
                {
                    Assert.That(last, Is.EqualTo(head.Offset), topic);
                }
            }
        }

        private static void Take(string[] fields, Seen seen)
        {
            ulong offset = ulong.Parse(fields[2], CultureInfo.InvariantCulture);
            ulong previous = ulong.Parse(fields[3], CultureInfo.InvariantCulture);
            bool isLatest = fields[1] == "l";
            if (fields[0] == "G")
            {
                if (!isLatest)
                {
                    Assert.That(seen.Last ?? offset, Is.EqualTo(offset), "the gap begins where the sequence stood");
                }

                seen.Last = isLatest ? 0 : previous;
                seen.Values.Clear();
                return;
            }

            if (isLatest)
            {
                Assert.That(offset, Is.GreaterThan(seen.Last ?? 0), "newer only");
                if (fields[0] == "R")
                {
                    seen.Values.Remove(fields[4]);
                }
                else
                {
                    seen.Values[fields[4]] = fields[5];
                }
            }
            else if (seen.Last is { } last)
            {
                Assert.That(previous, Is.EqualTo(last), "neither a hole nor a duplicate");
            }
            else
            {
                Assert.That(offset, Is.GreaterThan(seen.NotBefore), "no duplicate");
            }

            seen.Last = offset;
        }

        private bool Drained()
        {
            Read();
            return Guest.Subscriber.Connection.BufferedBytes == 0 && _rest.Length == 0;
        }

        private sealed class Seen
        {
            public ulong Epoch { get; set; }

            public ulong? Last { get; set; }

            public ulong NotBefore { get; set; }

            public Dictionary<string, string> Values { get; } = [];
        }
    }
}
