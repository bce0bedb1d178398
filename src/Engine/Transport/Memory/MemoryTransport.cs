using System.Net;

namespace Engine;

/// <summary>A transport within the process: its connections end in <see cref="MemoryPeer"/>s that a script drives.</summary>
internal sealed class MemoryTransport : Transport
{
    private readonly MemoryLoop _loop = new();
    private ITransportHost? _host;

    public override IReadOnlyList<EventLoop> Loops => [_loop];

    public MemoryLoop Loop => _loop;

    public override IReadOnlyList<EndPoint> Start(ITransportHost host)
    {
        _host = host;
        return [new IPEndPoint(IPAddress.Loopback, 1)];
    }

    public override Task ConnectAsync(EventLoop loop, OutboundRequest request, ITransportHost host, CancellationToken cancellationToken)
        => throw new NotSupportedException("A memory transport's peers connect by themselves.");

    public override Task StopListeningAsync() => Task.CompletedTask;

    public MemoryPeer Connect()
    {
        var peer = new MemoryPeer(_loop);
        _loop.Raise(() => _host!.OnAccepted(_loop, peer.Server));
        return peer;
    }
}
