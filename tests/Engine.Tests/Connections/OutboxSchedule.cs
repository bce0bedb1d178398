using System.Buffers.Binary;
using System.Globalization;

namespace Engine.Tests;

/// <summary>One schedule of sends, waits, room and ends, drawn from a seed, and the judge of what its peer received.</summary>
internal sealed class OutboxSchedule
{
    /// <summary>Source, number, length.</summary>
    private const int HeaderBytes = 9;
    private const byte Loop = 0;
    private const byte Foreign = 1;
    private const byte LoopOutput = 2;
    private const byte ForeignControl = 3;
    private const int SourceCount = 4;

    private readonly Random _random;
    private readonly ConnectionOptions _options;
    private readonly List<Sent> _sent = [];
    private readonly List<string> _steps = [];
    private readonly int[] _numbers = new int[SourceCount];
    private readonly List<CancellationTokenSource> _sources = [];
    private readonly List<Task<SendStatus>> _drainWaits = [];
    private readonly ProbeProtocol _probe;
    private MemoryPeer _peer = null!;
    private MemoryServer _server = null!;
    private Connection _connection = null!;
    private bool _drainIsOwed;

    public OutboxSchedule(int seed)
    {
        // Drawn here only: a test that fails runs again by its number.
#pragma warning disable CA5394
        _random = new Random(seed);
#pragma warning restore CA5394
        int limit = Pick(1024, 1500, 4096, 65_536);
        _options = new ConnectionOptions
        {
            MaxOutboundBytes = limit,
            HighWaterBytes = limit / Pick(1, 2, 4),
            LowWaterBytes = limit / Pick(4, 8),
            Backpressure = Pick(BackpressurePolicy.Wait, BackpressurePolicy.Wait, BackpressurePolicy.DropNewest, BackpressurePolicy.DropOldest, BackpressurePolicy.Disconnect),
        };
        _probe = new ProbeProtocol
        {
            OnBytes = (_, bytes) =>
            {
                Act(isForeign: false);
                return bytes.Length;
            },
            OnDrain = _ =>
            {
                _drainIsOwed = false;
                _steps.Add("    drained");
                if (Chance(2))
                {
                    Act(isForeign: false);
                }
            },
            OnPeerFin = static _ => { },
        };
    }

    public IReadOnlyList<string> Steps => _steps;

    /// <summary>How many messages had each status.</summary>
    public int CountOf(SendStatus status) => _sent.Count(sent => sent.Status == status);

    public int CancelledCount => _sent.Count(static sent => sent.WasCancelled);

    public bool WasEnded { get; private set; }

    public void Run()
    {
        _server = new MemoryServer(new ServerOptions { Connections = _options }, _ => _probe);
        _peer = _server.Connect();
        _connection = _probe.Started.GetAwaiter().GetResult();
        _peer.RoomBytes = _random.Next(0, 2 * _options.MaxOutboundBytes);
        for (int count = _random.Next(5, 60); count > 0; count--)
        {
            Step();
        }

        Finish();
        Judge();
    }

    private void Step()
    {
        switch (_random.Next(16))
        {
            case < 5:
                Act(isForeign: false);
                break;
            case < 9:
                Engine.TestKit.ForeignThread.Run(() => Act(isForeign: true));
                break;
            case < 11:
                int room = _random.Next(1, 2 * _options.MaxOutboundBytes);
                _steps.Add($"room {room}");
                _peer.AddRoom(room);
                break;
            case 11:
                _steps.Add("peer sends");
                _peer.Send("x"u8);
                break;
            case 12 when _sources.Count > 0:
                CancellationTokenSource source = _sources[_random.Next(_sources.Count)];
                _steps.Add("cancel");
                source.Cancel();
                break;
            case 13 when Chance(3):
                int interval = Pick(0, 0, 1, 5);
                _steps.Add($"coalesce {interval}");
                _connection.CoalescingInterval = TimeSpan.FromMilliseconds(interval);
                break;
            case 14:
                int time = _random.Next(1, 20);
                _steps.Add($"time {time}");
                _server.Advance(TimeSpan.FromMilliseconds(time));
                break;
            default:
                _steps.Add("turn");
                _server.RunUntilIdle();
                break;
        }
    }

    /// <summary>One thing that a host does, on its loop or on another thread.</summary>
    private void Act(bool isForeign)
    {
        int size = Pick(0, 1, 20, _options.MaxOutboundBytes / 3, _options.MaxOutboundBytes / 2);
        switch (_random.Next(12))
        {
            case < 4:
                Sent sent = Next(isForeign ? Foreign : Loop, size);
                sent.Status = _connection.TrySend(sent.Bytes.AsSpan(0, HeaderBytes), sent.Bytes.AsSpan(HeaderBytes));
                Told(sent, "TrySend");
                break;
            case 4:
                Sent shared = Next(isForeign ? Foreign : Loop, Pick(size, 3000));
                SharedSegment segment = SharedSegment.Copy(shared.Bytes.AsSpan(HeaderBytes));
                shared.Status = _connection.TrySend(shared.Bytes.AsSpan(0, HeaderBytes), segment);
                segment.Release();
                Told(shared, "TrySend shared");
                break;
            case < 8:
                Sent waiting = Next(isForeign ? Foreign : Loop, Pick(size, size, 2 * _options.MaxOutboundBytes, 5 * _options.MaxOutboundBytes));
                var source = new CancellationTokenSource();
                _sources.Add(source);
                waiting.Waiting = _connection.SendAsync(waiting.Bytes.AsMemory(0, HeaderBytes), waiting.Bytes.AsMemory(HeaderBytes), source.Token).AsTask();
                _steps.Add($"{waiting} SendAsync {(waiting.Waiting.IsCompleted ? waiting.Waiting.Status : "waits")}");
                if (waiting.Waiting.IsCompletedSuccessfully)
                {
                    waiting.Status = waiting.Waiting.Result;
                    Told(waiting, "  at once");
                }

                break;
            case 8:
                Sent control = Next(isForeign ? ForeignControl : LoopOutput, _random.Next(0, 100));
                control.Status = _connection.TrySendControl(control.Bytes);
                _steps.Add($"{control} TrySendControl {control.Status}");
                break;
            case 9 when !isForeign:
                Sent output = Next(LoopOutput, _random.Next(0, 300));
                output.Status = _connection.IsOpen ? SendStatus.Sent : SendStatus.Closed;
                output.Bytes.CopyTo(_connection.Output.GetSpan(output.Bytes.Length));
                _connection.Output.Advance(output.Bytes.Length);
                _steps.Add($"{output} Output {output.Status}");
                break;
            case 10:
                _drainWaits.Add(_connection.WhenWritableAsync().AsTask());
                _steps.Add("WhenWritable");
                break;
            case 11 when Chance(12):
                _steps.Add(isForeign ? "Close on another thread" : "Close");
                _connection.Close();
                WasEnded = true;
                break;
            case 11 when !isForeign && _connection.IsOpen:
                bool isWritable = _connection.FlushOutput();
                _drainIsOwed |= !isWritable;
                _steps.Add($"FlushOutput {isWritable}");
                break;
        }
    }

    /// <summary>The peer takes everything; whoever waits has to be told. Then both ends close.</summary>
    private void Finish()
    {
        _steps.Add("finish");
        _peer.AddRoom(int.MaxValue);
        _server.Advance(TimeSpan.FromSeconds(1));
        if (_connection.IsOpen)
        {
            Assert.That(_drainIsOwed, Is.False, "a drain that was promised came");
            Assert.That(_connection.BufferedBytes, Is.Zero, "nothing is counted that is not there");
            Assert.That(_connection.IsWritable, Is.True);
            _connection.Close();
        }

        _server.RunUntilIdle();
        _peer.CloseSend();
        _server.RunUntilIdle();
        Assert.That(_probe.ClosedCount, Is.EqualTo(1), "the end was told once");
        Assert.That(_server.Engine.ConnectionCount, Is.Zero);
        Assert.That(HasEnded(Task.WhenAll(_drainWaits)), Is.True, "every wait for the drain ended");
        foreach (Sent sent in _sent.Where(static sent => sent.Waiting is not null))
        {
            Assert.That(HasEnded(sent.Waiting!), Is.True, $"{sent} ended");
            sent.WasCancelled = sent.Waiting!.IsCanceled;
            sent.Status = sent.WasCancelled ? SendStatus.Closed : sent.Waiting.GetAwaiter().GetResult();
        }

        foreach (CancellationTokenSource source in _sources)
        {
            source.Dispose();
        }
    }

    /// <summary>What arrived is a sequence of whole messages, each accepted, in order of each source; none that was accepted is missing unless the policy drops or cuts.</summary>
    private void Judge()
    {
        bool isCut = _peer.SawReset;
        Assert.That(isCut, Is.False.Or.EqualTo(_options.Backpressure == BackpressurePolicy.Disconnect), "nothing but its policy resets the connection");
        Assert.That(_peer.SawFin, Is.EqualTo(!isCut));
        var arrived = new HashSet<Sent>();
        int[] last = [-1, -1, -1, -1];
        ReadOnlySpan<byte> received = _peer.Received;
        while (!received.IsEmpty)
        {
            if (received.Length < HeaderBytes)
            {
                Assert.That(isCut, Is.True, "the end is whole");
                break;
            }

            byte origin = received[0];
            int number = BinaryPrimitives.ReadInt32LittleEndian(received[1..]);
            Sent? message = origin < SourceCount ? _sent.Find(sent => sent.Origin == origin && sent.Number == number) : null;
            Assert.That(message, Is.Not.Null, "a message begins where the last one ended");
            int length = Math.Min(message!.Bytes.Length, received.Length);
            Assert.That(received[..length].SequenceEqual(message.Bytes.AsSpan(0, length)), Is.True, $"{message} is whole");
            Assert.That(length == message.Bytes.Length || isCut, Is.True, $"{message} is whole");
            Assert.That(message.Status is SendStatus.Sent or SendStatus.Queued || (isCut && message.Waiting is not null), Is.True, $"{message} was accepted");
            Assert.That(number, Is.GreaterThan(last[origin]), $"{message} is in order");
            last[origin] = number;
            arrived.Add(message);
            received = received[length..];
        }

        if (!isCut)
        {
            bool mayDrop = _options.Backpressure is BackpressurePolicy.DropOldest;
            foreach (Sent sent in _sent.Where(sent => sent.Status is SendStatus.Sent or SendStatus.Queued && !arrived.Contains(sent)))
            {
                Assert.That(mayDrop && !sent.MustArrive, Is.True, $"{sent} was accepted and did not arrive");
            }
        }
    }

    private Sent Next(byte origin, int payloadBytes)
    {
        var sent = new Sent(origin, _numbers[origin]++, payloadBytes);
        _sent.Add(sent);
        return sent;
    }

    private void Told(Sent sent, string how)
    {
        _drainIsOwed |= sent.Status is SendStatus.Queued or SendStatus.Dropped;
        _steps.Add($"{sent} {how} {sent.Status}");
    }

    /// <summary>The answer is given on the loop; the task that carries it may still be on its way through the thread pool.</summary>
    private static bool HasEnded(Task task) => Task.WaitAny([task], 5_000) == 0;

    private bool Chance(int oneOf) => _random.Next(oneOf) == 0;

    private T Pick<T>(params ReadOnlySpan<T> values) => values[_random.Next(values.Length)];

    /// <summary>A message that was sent, or refused.</summary>
    private sealed class Sent
    {
        public Sent(byte origin, int number, int payloadBytes)
        {
            Origin = origin;
            Number = number;
            Bytes = new byte[HeaderBytes + payloadBytes];
            Bytes[0] = origin;
            BinaryPrimitives.WriteInt32LittleEndian(Bytes.AsSpan(1), number);
            BinaryPrimitives.WriteInt32LittleEndian(Bytes.AsSpan(5), payloadBytes);
            for (int i = HeaderBytes; i < Bytes.Length; i++)
            {
                Bytes[i] = (byte)((origin * 61) + (number * 7) + i);
            }
        }

        public byte Origin { get; }

        public int Number { get; }

        public byte[] Bytes { get; }

        public SendStatus Status { get; set; }

        public Task<SendStatus>? Waiting { get; set; }

        public bool WasCancelled { get; set; }

        /// <summary>Control messages, output and messages that waited are not dropped for later ones.</summary>
        public bool MustArrive => Origin is LoopOutput or ForeignControl;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Origin}/{Number} ({Bytes.Length} bytes)");
    }
}
