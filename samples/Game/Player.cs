using Engine.WebSockets;

namespace Game;

/// <summary>One player: where it is, where it wants to go, and how far its client is behind.</summary>
internal sealed class Player(ushort id, double x, double y)
{
    /// <summary>Ticks that may be on their way to a client whose acknowledgements come fast.</summary>
    private const int MaxWindow = 8;

    /// <summary>An acknowledgement after so many ticks is a fast one.</summary>
    private const int FastTicks = 3;

    private int _heading;
    private int _isBehind;
    private uint _acknowledged;
    private int _window = 1;

    public ushort Id => id;

    /// <summary>Written by the tick's thread.</summary>
    public double X { get; set; } = x;

    public double Y { get; set; } = y;

    public int Points { get; set; }

    public WebSocketConnection<Player>? Socket { get; set; }

    /// <summary>The areas whose topics its connection is subscribed to. On its loop.</summary>
    public List<int> Areas { get; } = [];

    /// <summary>Whether it was taken off the topics, and gets the newest state with each acknowledgement instead.</summary>
    public bool IsBehind
    {
        get => Volatile.Read(ref _isBehind) != 0;
        set => Volatile.Write(ref _isBehind, value ? 1 : 0);
    }

    /// <summary>The tick of the last frame that it was sent while it was behind: until that is acknowledged, more is on its way. On its loop.</summary>
    public uint LastSent { get; set; }

    /// <summary>Which of the other areas around it comes next while it is behind. On its loop.</summary>
    public int NextOther { get; set; }

    /// <summary>Where it wants to go, at most one unit far.</summary>
    public (double Dx, double Dy) Heading
    {
        get
        {
            int packed = Volatile.Read(ref _heading);
            (double dx, double dy) = ((sbyte)(packed & 0xff) / 127.0, (sbyte)((packed >> 8) & 0xff) / 127.0);
            double length = Math.Sqrt((dx * dx) + (dy * dy));
            return length > 1 ? (dx / length, dy / length) : (dx, dy);
        }
    }

    public void Turn(sbyte dx, sbyte dy) => Volatile.Write(ref _heading, (byte)dx | ((byte)dy << 8));

    /// <summary>
    /// The client has this tick. Fast acknowledgements let more ticks be on their way, late ones fewer, so that what waits on the way to a slow client is never more than it reads in
    /// a moment. Returns whether it keeps up.
    /// </summary>
    public bool Acknowledge(uint tick, uint now)
    {
        bool isFast = now - tick <= FastTicks;
        _window = isFast ? Math.Min(_window + 1, MaxWindow) : Math.Max(1, _window / 2);
        Volatile.Write(ref _acknowledged, tick);
        return isFast;
    }

    /// <summary>Whether more ticks are on their way than its client keeps up with.</summary>
    public bool IsLate(uint now) => now - Volatile.Read(ref _acknowledged) > (uint)_window + FastTicks;
}
