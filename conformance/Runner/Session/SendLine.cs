using System.Net.Sockets;
using System.Threading.Channels;

namespace Conformance;

/// <summary>
/// The way out. Frames of one turn leave in one system call, as if written in one go; frames (or pieces of one) that a case wants apart
/// leave in one call each, with the line yielded between them. A broken connection swallows the rest: the receiving side tells.
/// </summary>
internal sealed class SendLine(Socket socket)
{
    private readonly Channel<byte[]> _line = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
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
            _line.Writer.TryWrite(bytes);
            return;
        }

        for (int at = 0; at < bytes.Length; at += chopBytes)
        {
            _line.Writer.TryWrite(bytes[at..Math.Min(bytes.Length, at + chopBytes)]);
        }
    }

    public void EndTurn()
    {
        if (_turn.Count == 1)
        {
            _line.Writer.TryWrite(_turn[0]);
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

            _line.Writer.TryWrite(together);
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
        await foreach (byte[] bytes in _line.Reader.ReadAllAsync())
        {
            try
            {
                for (int sent = 0; !isBroken && sent < bytes.Length;)
                {
                    sent += await socket.SendAsync(bytes.AsMemory(sent));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                isBroken = true;
            }

            await Task.Yield();
        }
    }
}
