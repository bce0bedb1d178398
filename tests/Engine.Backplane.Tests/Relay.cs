using System.Net;
using System.Net.Sockets;

namespace Engine.Backplane.Tests;

/// <summary>Stands between a node and its broker, and lets nothing through while it is paused: a network that swallows everything, without a word.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _to;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource _open = new();
    private long _bytesFromBroker;

    public Relay(IPEndPoint to)
    {
        _to = to;
        _open.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes that the broker has sent to the node.</summary>
    public long BytesFromBroker => Interlocked.Read(ref _bytesFromBroker);

    public async Task PauseAsync(TimeSpan time)
    {
        _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Task.Delay(time);
        _open.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = RelayAsync(await _listener.AcceptSocketAsync(_ended.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                await server.ConnectAsync(_to, _ended.Token);
                await Task.WhenAny(CopyAsync(client, server, isFromBroker: false), CopyAsync(server, client, isFromBroker: true));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // The broker is away: the client sees its connection end.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isFromBroker)
    {
        byte[] buffer = new byte[65_536];
        try
        {
            int length;
            while ((length = await from.ReceiveAsync(buffer, _ended.Token)) > 0)
            {
                await _open.Task;
                Interlocked.Add(ref _bytesFromBroker, isFromBroker ? length : 0);
                await to.SendAsync(buffer.AsMemory(0, length), _ended.Token);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }
}
