using System.Diagnostics;
using System.Globalization;
using Engine.PubSub;

namespace Game;

/// <summary>
/// The clock: a thread that moves the world 30 times a second, at times that follow from the first, and publishes each area as the newest state of its topic. Once a
/// second it publishes how late the ticks were.
/// </summary>
internal sealed class TickThread : IDisposable
{
    private readonly World _world;
    private readonly TopicHub _hub;
    private readonly Func<long> _bytesSent;
    private readonly ManualResetEventSlim _stopping = new(false);
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly List<double> _lateness = [];
    private readonly double[] _lastMinute = new double[60 * World.TicksPerSecond];
    private long _began;
    private long _lastBytes;
    private bool _isStarted;
    private int _ticks;

    public TickThread(World world, TopicHub hub, Func<long> bytesSent)
    {
        _world = world;
        _hub = hub;
        _bytesSent = bytesSent;
        _thread = new Thread(Run) { IsBackground = true, Name = "ticks", Priority = ThreadPriority.Highest };
    }

    /// <summary>Starts the clock, with the first player, at tick 1. Any thread.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_isStarted)
            {
                return;
            }

            _isStarted = true;
            _began = Stopwatch.GetTimestamp() - (Stopwatch.Frequency / World.TicksPerSecond);
            _lastBytes = _bytesSent();
            _world.Begin();
            _thread.Start();
        }
    }

    public void Dispose()
    {
        _stopping.Set();
        lock (_gate)
        {
            if (_isStarted)
            {
                _thread.Join();
            }
        }

        _stopping.Dispose();
    }

    private void Run()
    {
        for (long number = 2; ; number++)
        {
            double due = number * 1000.0 / World.TicksPerSecond;
            double left = due - Stopwatch.GetElapsedTime(_began).TotalMilliseconds;

            // The kernel's timers are right to a fraction of a millisecond; the rest is waited for awake.
            if (left > 1 ? _stopping.Wait((int)left) : _stopping.IsSet)
            {
                return;
            }

            while ((left = due - Stopwatch.GetElapsedTime(_began).TotalMilliseconds) > 0)
            {
                Thread.SpinWait(20);
            }

            Tick(-left);
        }
    }

    private void Tick(double late)
    {
        _lateness.Add(late);
        _lastMinute[_ticks++ % _lastMinute.Length] = late;
        _world.Step();
        for (int area = 0; area < World.AreaCount; area++)
        {
            _hub.Publish(World.TopicOf(area), new TopicMessage(_world.Newest(area)));
        }

        uint now = _world.Tick;
        int players = 0;
        int behind = 0;
        foreach (Player player in _world.Players)
        {
            players++;
            behind += player.IsBehind ? 1 : 0;
            if (!player.IsBehind && player.IsLate(now))
            {
                PlayHandler.HoldBack(_world, player);
            }
        }

        if (now % World.TicksPerSecond == 0)
        {
            Tell(players, behind);
        }
    }

    private void Tell(int players, int behind)
    {
        double[] minute = [.. _lastMinute.AsSpan(0, Math.Min(_ticks, _lastMinute.Length))];
        Array.Sort(minute);
        long bytes = _bytesSent();
        string best = string.Join(',', _world.Players.Where(static player => player.Points > 0).OrderByDescending(static player => player.Points).Take(5).Select(static player => $"[{player.Id},{player.Points}]"));
        string told = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"players":{{players}},"behind":{{behind}},"worst":{{_lateness.Max():0.000}},"p50":{{minute[minute.Length / 2]:0.000}},"p99":{{minute[minute.Length * 99 / 100]:0.000}},"bytes":{{bytes - _lastBytes}},"best":[{{best}}]}""");
        _lastBytes = bytes;
        _lateness.Clear();
        _hub.Publish("figures", new TopicMessage(told));
    }
}
