using System.Diagnostics;
using System.Threading.Channels;

namespace Conformance;

/// <summary>
/// The way out. Frames of one turn leave in one system call, as if written in one go; frames (or pieces of one) that a case wants apart
/// leave in one call each, with a pause between them that lets the peer read. A broken connection swallows the rest: the receiving side tells.
/// </summary>
internal sealed class SendLine(Stream stream)
{
    /// <summary>About a turn of the suite's own event loop. Timers are ten times coarser, so it is spun.</summary>
    private static readonly TimeSpan PauseApart = TimeSpan.FromMicroseconds(100);

    private readonly Channel<(byte[] Bytes, bool IsApart)> _line = Channel.CreateUnbounded<(byte[], bool)>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly List<byte[]> _turn = [];
    private Task _pump = Task.CompletedTask;

    public void Start() => _pump = PumpAsync();

    /// <summary>Leaves together with the rest of this turn.</summary>
    public void Add(byte[] bytes) => _turn.Add(bytes);

    /// <summary>Leaves alone, in pieces of at most <paramref name="chopBytes"/>; 0 leaves it whole.</summary>
    public void AddApart(byte[] bytes, int chopBytes)
    {
        EndTurn();
        if (chopBytes <= 0)
        {
            _line.Writer.TryWrite((bytes, true));
            return;
        }

        for (int at = 0; at < bytes.Length; at += chopBytes)
        {
            _line.Writer.TryWrite((bytes[at..Math.Min(bytes.Length, at + chopBytes)], true));
        }
    }

    public void EndTurn()
    {
        if (_turn.Count == 1)
        {
            _line.Writer.TryWrite((_turn[0], false));
        }
        else if (_turn.Count > 1)
        {
            byte[] together = new byte[_turn.Sum(part => part.Length)];
            int at = 0;
            foreach (byte[] part in _turn)
            {
                part.CopyTo(together, at);
                at += part.Length;
            }

            _line.Writer.TryWrite((together, false));
        }

        _turn.Clear();
    }

    /// <summary>No more is added; completes when everything has been handed to the kernel, or the connection broke.</summary>
    public Task CompleteAsync()
    {
        EndTurn();
        _line.Writer.TryComplete();
        return _pump;
    }

    private async Task PumpAsync()
    {
        bool isBroken = false;
        int burstCount = 0;
        await foreach ((byte[] bytes, bool isApart) in _line.Reader.ReadAllAsync())
        {
            try
            {
                if (!isBroken)
                {
                    await stream.WriteAsync(bytes);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                isBroken = true;
            }

            // The first two of a burst leave back to back, as from the suite's loop: a peer that answers late for the first has the second in hand.
            burstCount = isApart ? burstCount + 1 : 0;
            if (burstCount >= 2 && !isBroken)
            {
                long since = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(since) < PauseApart)
                {
                    Thread.SpinWait(10);
                }

                await Task.Yield();
            }

            burstCount = _line.Reader.TryPeek(out _) ? burstCount : 0;
        }
    }
}
