using System.Collections.Concurrent;

namespace Game;

/// <summary>
/// Who is where. Clients say where they want to go, the world says where they are. It is cut into areas, each with one gem; who touches it has a point. Moved by the
/// tick's thread alone; players come and go on any thread.
/// </summary>
internal sealed class World
{
    public const int TicksPerSecond = 30;
    public const int Columns = 4;
    public const int Rows = 3;
    public const int AreaSize = 600;
    public const int MaxPlayers = 2_000;

    private const double Speed = 220.0 / TicksPerSecond;
    private const double Reach = 24;

    private readonly ConcurrentDictionary<ushort, Player> _players = new();
    private readonly byte[]?[] _newest = new byte[Columns * Rows][];
    private readonly (double X, double Y)[] _gems = new (double, double)[Columns * Rows];
    private readonly Random _random = new(1);
    private int _lastId;
    private uint _tick;

    public World()
    {
        for (int area = 0; area < _gems.Length; area++)
        {
            PlaceGem(area);
        }
    }

    public static int AreaCount => Columns * Rows;

    public ICollection<Player> Players => _players.Values;

    /// <summary>The number of the last tick.</summary>
    public uint Tick => Volatile.Read(ref _tick);

    /// <summary>When tick 0 was due, by the clock that all programs of a machine share.</summary>
    public long BeganAtMilliseconds { get; private set; }

    public static string TopicOf(int area) => $"area.{area}";

    public static int AreaOf(double x, double y) => ((int)y / AreaSize * Columns) + ((int)x / AreaSize);

    /// <summary>The four areas around a place: at least half an area is seen in every direction that there is.</summary>
    public static void AreasAround(double x, double y, Span<int> areas)
    {
        int column = Math.Clamp((int)Math.Floor((x / AreaSize) - 0.5), 0, Columns - 2);
        int row = Math.Clamp((int)Math.Floor((y / AreaSize) - 0.5), 0, Rows - 2);
        areas[0] = (row * Columns) + column;
        areas[1] = areas[0] + 1;
        areas[2] = areas[0] + Columns;
        areas[3] = areas[2] + 1;
    }

    /// <summary>Makes the first tick, now.</summary>
    public void Begin()
    {
        BeganAtMilliseconds = Environment.TickCount64 - (1000 / TicksPerSecond);
        Step();
    }

    /// <summary>Lets a player in; null when it is full.</summary>
    public Player? Enter()
    {
        if (_players.Count >= MaxPlayers)
        {
            return null;
        }

        while (true)
        {
            var player = new Player((ushort)Interlocked.Increment(ref _lastId), Random.Shared.Next(Columns * AreaSize), Random.Shared.Next(Rows * AreaSize));
            if (player.Id != 0 && _players.TryAdd(player.Id, player))
            {
                return player;
            }
        }
    }

    public void Leave(Player player) => _players.TryRemove(player.Id, out _);

    /// <summary>The newest frame of an area; null before the first tick.</summary>
    public byte[]? Newest(int area) => Volatile.Read(ref _newest[area]);

    /// <summary>Moves everybody by one tick and makes a frame of each area.</summary>
    public void Step()
    {
        uint tick = _tick + 1;
        var here = new List<Player>[AreaCount];
        for (int area = 0; area < AreaCount; area++)
        {
            here[area] = [];
        }

        foreach (Player player in _players.Values)
        {
            (double dx, double dy) = player.Heading;
            player.X = Math.Clamp(player.X + (dx * Speed), 0, (Columns * AreaSize) - 1);
            player.Y = Math.Clamp(player.Y + (dy * Speed), 0, (Rows * AreaSize) - 1);
            int area = AreaOf(player.X, player.Y);
            here[area].Add(player);
            if (Math.Abs(player.X - _gems[area].X) < Reach && Math.Abs(player.Y - _gems[area].Y) < Reach)
            {
                player.Points++;
                PlaceGem(area);
            }
        }

        for (int area = 0; area < AreaCount; area++)
        {
            Volatile.Write(ref _newest[area], Frames.Area(area, tick, _gems[area], here[area]));
        }

        Volatile.Write(ref _tick, tick);
    }

    private void PlaceGem(int area)
    {
        _gems[area] = ((area % Columns * AreaSize) + 40 + _random.Next(AreaSize - 80), (area / Columns * AreaSize) + 40 + _random.Next(AreaSize - 80));
    }
}
