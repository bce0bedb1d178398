using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.ObjectPool;

namespace Engine;

/// <summary>The portable transport: the runtime's sockets, pooled event args, several accepts outstanding on each listener.</summary>
internal sealed class SocketTransport : Transport
{
    private readonly ServerOptions _options;
    private readonly SocketLoop[] _loops;
    private readonly LoopDealer _dealer;
    private readonly List<SocketListener> _listeners = [];

    public SocketTransport(ServerOptions options)
    {
        _options = options;
        _loops = new SocketLoop[options.LoopCount];
        for (int i = 0; i < _loops.Length; i++)
        {
            _loops[i] = new SocketLoop(i);
        }

        _dealer = new LoopDealer(_loops);
    }

    public override IReadOnlyList<EventLoop> Loops => _loops;

    /// <summary>Event args between two operations; each waiting connection holds one.</summary>
    public ObjectPool<PooledEventArgs> Args { get; } = new DefaultObjectPool<PooledEventArgs>(new PooledEventArgs.Policy(), maximumRetained: 256);

    private ObjectPool<List<ArraySegment<byte>>> GatherLists { get; } = new DefaultObjectPool<List<ArraySegment<byte>>>(new GatherListPolicy());

    public List<ArraySegment<byte>> RentGatherList() => GatherLists.Get();

    public void ReturnGatherList(List<ArraySegment<byte>> list) => GatherLists.Return(list);

    public override IReadOnlyList<EndPoint> Start(ITransportHost host)
    {
        var bound = new List<EndPoint>();
        try
        {
            foreach (EndPoint endPoint in _options.EndPoints)
            {
                Socket socket = ListenEndPoint.Listen(endPoint, _options);
                _listeners.Add(new SocketListener(socket, this, host, _options));
                bound.Add(socket.LocalEndPoint ?? endPoint);
            }

            StartLoops();
        }
        catch
        {
            foreach (SocketListener listener in _listeners)
            {
                listener.Close();
            }

            throw;
        }

        foreach (SocketListener listener in _listeners)
        {
            listener.Start(_loops[0]);
        }

        return bound;
    }

    public override async Task ConnectAsync(EventLoop loop, OutboundRequest request, ITransportHost host, CancellationToken cancellationToken)
    {
        Socket socket = request.CreateSocket();
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(request.Timeout);
            await socket.ConnectAsync(request.EndPoint, limit.Token).ConfigureAwait(false);

            // The loop tries at once and never waits for the kernel.
            socket.Blocking = false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new TimeoutException($"{request.EndPoint} did not answer in time.");
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        loop.Deal(new SocketTransportConnection(socket, (SocketLoop)loop, this), host);
    }

    public override async Task StopListeningAsync()
    {
        foreach (SocketListener listener in _listeners)
        {
            listener.Close();
        }

        foreach (SocketListener listener in _listeners)
        {
            await listener.Completion.ConfigureAwait(false);
        }
    }

    public void Deal(Socket socket, ITransportHost host)
    {
        var loop = (SocketLoop)_dealer.Next();
        loop.Deal(new SocketTransportConnection(socket, loop, this), host);
    }

    private sealed class GatherListPolicy : PooledObjectPolicy<List<ArraySegment<byte>>>
    {
        public override List<ArraySegment<byte>> Create() => [];

        public override bool Return(List<ArraySegment<byte>> obj)
        {
            obj.Clear();
            return true;
        }
    }
}
