using System.Buffers.Binary;

namespace Game;

/// <summary>How old the state of a client becomes: measured just before a newer tick takes its place. Server and client share the machine's clock.</summary>
internal sealed class StateAge
{
    private const int SettleMilliseconds = 2_000;

    private readonly List<double> _samples = [];
    private long _begin;
    private long _since;
    private uint _tick;

    public IReadOnlyCollection<double> Samples => _samples;

    /// <summary>The newest tick that the client has.</summary>
    public uint Tick => _tick;

    /// <summary>Takes a message. Returns whether it brought a newer tick.</summary>
    public bool Take(ReadOnlySpan<byte> message)
    {
        if (message.Length == 16 && message[0] == 1)
        {
            _begin = BinaryPrimitives.ReadInt64LittleEndian(message[8..]);
            _since = Environment.TickCount64;
            return false;
        }

        if (Frames.TickOf(message) is not { } tick || tick <= _tick)
        {
            return false;
        }

        // The beginning, in which everybody comes at once, is not counted.
        if (_tick > 0 && Environment.TickCount64 - _since > SettleMilliseconds)
        {
            _samples.Add(Environment.TickCount64 - _begin - (_tick * 1000.0 / World.TicksPerSecond));
        }

        _tick = tick;
        return true;
    }
}
