using System.Net;
using System.Net.Sockets;

namespace Engine.Tests;

/// <summary>What the portable transport makes of the runtime's sockets, where those say something else than one would think.</summary>
[CancelAfter(20_000)]
public sealed class SocketTransportConnectionTests
{
    [Test]
    public async Task A_wait_that_the_runtime_ends_for_nothing_does_not_hide_the_end_of_a_peer_while_receiving_is_paused(CancellationToken cancellationToken)
    {
        (Socket peer, Socket accepted) = await PairAsync(cancellationToken);
        (Socket sender, Socket observer) = await PairAsync(cancellationToken);
        accepted.Blocking = false;
        var options = new ServerOptions { LoopCount = 1 };
        var transport = new SocketTransport(options);
        var host = new PausedHost();
        transport.Start(host);
        EventLoop loop = transport.Loops[0];
        transport.Deal(accepted, host);
        await loop.WhenPostedRanAsync();
        await loop.WhenPostedRanAsync();

        // The runtime reads nothing when a read of no bytes completes: here the byte that completed it is gone before the transport looks.
        using var gate = new ManualResetEventSlim();
        loop.Post(_ => gate.Wait(cancellationToken), null);
        await peer.SendAsync(new byte[1], cancellationToken);
        Task<int> observed = observer.ReceiveAsync(new byte[1], cancellationToken).AsTask();
        await sender.SendAsync(new byte[1], cancellationToken);
        await observed;
        Assert.That(accepted.Receive(new byte[1]), Is.EqualTo(1));
        gate.Set();
        await loop.WhenPostedRanAsync();
        peer.Shutdown(SocketShutdown.Send);
        await host.PeerClosed.WaitAsync(cancellationToken);

        loop.Post(_ => host.Connection!.Close(abortive: false), null);
        await host.Released.WaitAsync(cancellationToken);
        await transport.StopListeningAsync();
        await transport.StopAsync();
        Array.ForEach([peer, sender, observer], static socket => socket.Dispose());
    }

    private static async Task<(Socket Client, Socket Server)> PairAsync(CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accepting = listener.AcceptAsync(cancellationToken).AsTask();
        await client.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        return (client, await accepting);
    }

    /// <summary>Takes the one connection, paused from the start.</summary>
    private sealed class PausedHost : ITransportHost, ITransportSink
    {
        private readonly TaskCompletionSource _peerClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TransportConnection? Connection { get; private set; }

        public Task PeerClosed => _peerClosed.Task;

        public Task Released => _released.Task;

        public void OnAccepted(EventLoop loop, TransportConnection connection)
        {
            Connection = connection;
            connection.Sink = this;
            connection.PauseReceive();
            connection.Start(default);
        }

        public void OnAcceptFailed(string error) => Assert.Fail(error);

        void ITransportSink.OnEstablished()
        {
        }

        void ITransportSink.OnReceived(Span<byte> bytes) => _peerClosed.TrySetException(new InvalidOperationException("Receiving is paused."));

        void ITransportSink.OnFlushed(int takenBytes)
        {
        }

        void ITransportSink.OnPeerClosed() => _peerClosed.TrySetResult();

        void ITransportSink.OnFailed(TransportFailure error) => _peerClosed.TrySetException(new InvalidOperationException(error.ToString()));

        void ITransportSink.OnReleased() => _released.TrySetResult();
    }
}
