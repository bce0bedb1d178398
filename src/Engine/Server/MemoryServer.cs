using System.Net;

namespace Engine;

/// <summary>
/// A server over the in-memory transport, for protocol tests that read as dialogues: connect, send these bytes, run, expect those.
/// Deterministic: nothing happens but in <see cref="RunUntilIdle"/>, on the thread that calls it.
/// </summary>
internal sealed class MemoryServer
{
    private readonly MemoryTransport _transport = new();

    public MemoryServer(ServerOptions options, Func<Connection, ConnectionProtocol> createProtocol)
    {
        if (options.EndPoints.Count == 0)
        {
            options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        }

        options.LoopCount = 1;
        Engine = new EngineServer(options, createProtocol, _ => _transport);
        _ = Engine.StartAsync();
    }

    public EngineServer Engine { get; }

    /// <summary>A new connection, accepted and started.</summary>
    public MemoryPeer Connect()
    {
        MemoryPeer peer = _transport.Connect();
        RunUntilIdle();
        return peer;
    }

    /// <summary>Runs the loop until nothing is left to do at this point of its clock.</summary>
    public void RunUntilIdle() => _transport.Loop.RunUntilIdle();

    /// <summary>Runs the loop, as other threads post to it, until <paramref name="condition"/> holds; false when the time is over first.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan timeout)
    {
        long end = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        RunUntilIdle();
        while (!condition())
        {
            long left = end - Environment.TickCount64;
            if (left <= 0)
            {
                return false;
            }

            _transport.Loop.WaitForPost(TimeSpan.FromMilliseconds(Math.Min(left, 50)));
            RunUntilIdle();
        }

        return true;
    }

    /// <summary>Moves the loop's clock on in steps of a tick, running the loop at each, so that every deadline on the way is raised.</summary>
    public void Advance(TimeSpan time)
    {
        TimeSpan step = TimeSpan.FromMilliseconds(TimerWheel.TickMilliseconds);
        while (time > TimeSpan.Zero)
        {
            TimeSpan now = time < step ? time : step;
            _transport.Loop.Advance(now);
            RunUntilIdle();
            time -= now;
        }
    }
}
