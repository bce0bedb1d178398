using System.Net;
using System.Net.Sockets;

namespace Engine.TestKit;

/// <summary>What a <see cref="FaultProxy"/> does to the bytes of one direction. The default passes them on untouched.</summary>
public sealed record FaultPlan
{
    /// <summary>Waits this long before passing on each read.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Passes on at most so many bytes a send; 1 makes every byte a segment of its own. Zero leaves them as they came.</summary>
    public int PieceBytes { get; init; }

    /// <summary>After so many bytes of a connection everything is read and thrown away: a peer that went without a FIN. Negative never.</summary>
    public long DropAfterBytes { get; init; } = -1;

    /// <summary>After so many bytes of a connection nothing more is read: a peer that stopped reading. Negative never.</summary>
    public long StallAfterBytes { get; init; } = -1;

    /// <summary>After so many bytes of a connection both sides are reset (RST). Negative never.</summary>
    public long ResetAfterBytes { get; init; } = -1;
}

/// <summary>
/// A TCP relay on 127.0.0.1 that stands between a client and the server under test and does to their bytes what networks do: delay, cut into
/// single bytes, lose, stall, reset. Needs no privileges. Plans may be replaced while connections are open and count from then on.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly EndPoint _target;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly List<Task> _relays = [];
    private readonly Task _accepting;
    private volatile FaultPlan _toServer;
    private volatile FaultPlan _toClient;

    /// <summary>Starts to listen on a free port.</summary>
    /// <param name="target">Where the bytes go.</param>
    /// <param name="toServer">What happens to the client's bytes; null is nothing.</param>
    /// <param name="toClient">What happens to the server's bytes; null is nothing.</param>
    public FaultProxy(EndPoint target, FaultPlan? toServer = null, FaultPlan? toClient = null)
    {
        _target = target;
        _toServer = toServer ?? new FaultPlan();
        _toClient = toClient ?? new FaultPlan();
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>What happens to the client's bytes.</summary>
    public FaultPlan ToServer { get => _toServer; set => _toServer = value; }

    /// <summary>What happens to the server's bytes.</summary>
    public FaultPlan ToClient { get => _toClient; set => _toClient = value; }

    /// <summary>Resets every open connection on both sides; new ones are taken as before.</summary>
    public void ResetAll()
    {
        Socket[] sockets;
        lock (_gate)
        {
            sockets = [.. _sockets];
        }

        foreach (Socket socket in sockets)
        {
            Reset(socket);
        }
    }

    /// <summary>Stops listening and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        ResetAll();
        await _accepting.ConfigureAwait(false);
        Task[] relays;
        lock (_gate)
        {
            relays = [.. _relays];
        }

        await Task.WhenAll(relays).ConfigureAwait(false);
        _stop.Dispose();
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            // Closed already: nothing is left to reset.
        }

        socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                Socket client = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                lock (_gate)
                {
                    _relays.RemoveAll(relay => relay.IsCompleted);
                    _relays.Add(RelayAsync(client));
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The proxy is being disposed.
        }
    }

    private async Task RelayAsync(Socket client)
    {
        await Task.Yield();
        Socket server = new(_target.AddressFamily, SocketType.Stream, _target.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        lock (_gate)
        {
            _sockets.Add(client);
            _sockets.Add(server);
        }

        try
        {
            client.NoDelay = true;
            await server.ConnectAsync(_target, _stop.Token).ConfigureAwait(false);
            if (server.ProtocolType == ProtocolType.Tcp)
            {
                server.NoDelay = true;
            }

            await Task.WhenAll(
                PumpAsync(client, server, () => ToServer),
                PumpAsync(server, client, () => ToClient)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side ended abruptly: the other learns it the same way.
            Reset(client);
            Reset(server);
        }
        finally
        {
            lock (_gate)
            {
                _sockets.Remove(client);
                _sockets.Remove(server);
            }

            client.Dispose();
            server.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Func<FaultPlan> plan)
    {
        byte[] buffer = new byte[16 * 1024];
        long passed = 0;
        try
        {
            while (true)
            {
                if (plan().StallAfterBytes is >= 0 and long stallAfter && passed >= stallAfter)
                {
                    await Task.Delay(System.Threading.Timeout.Infinite, _stop.Token).ConfigureAwait(false);
                }

                int read = await from.ReceiveAsync(buffer, SocketFlags.None, _stop.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                if (plan().Delay > TimeSpan.Zero)
                {
                    await Task.Delay(plan().Delay, _stop.Token).ConfigureAwait(false);
                }

                passed = await PassOnAsync(buffer.AsMemory(0, read), from, to, plan(), passed).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Reset(from);
            Reset(to);
            throw;
        }
    }

    private async Task<long> PassOnAsync(ReadOnlyMemory<byte> bytes, Socket from, Socket to, FaultPlan plan, long passed)
    {
        while (!bytes.IsEmpty)
        {
            int piece = plan.PieceBytes > 0 ? Math.Min(plan.PieceBytes, bytes.Length) : bytes.Length;
            piece = CutAt(plan.ResetAfterBytes, passed, piece);
            piece = CutAt(plan.DropAfterBytes, passed, piece);
            if (plan.ResetAfterBytes >= 0 && passed >= plan.ResetAfterBytes)
            {
                Reset(from);
                Reset(to);
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            if (plan.DropAfterBytes < 0 || passed < plan.DropAfterBytes)
            {
                for (int sent = 0; sent < piece;)
                {
                    sent += await to.SendAsync(bytes[sent..piece], SocketFlags.None, _stop.Token).ConfigureAwait(false);
                }
            }

            bytes = bytes[piece..];
            passed += piece;
        }

        if (plan.ResetAfterBytes >= 0 && passed >= plan.ResetAfterBytes)
        {
            Reset(from);
            Reset(to);
            throw new SocketException((int)SocketError.ConnectionReset);
        }

        return passed;
    }

    private static int CutAt(long limit, long passed, int piece) =>
        limit > passed ? (int)Math.Min(piece, limit - passed) : piece;
}
