namespace Engine;

/// <summary>A connection that this side makes: what an accepted one has no need to carry.</summary>
internal sealed class EpollOutboundConnection : EpollTransportConnection
{
    private readonly long _connectMilliseconds;
    private Exception? _failure;

    /// <param name="descriptor">A socket that connects, or is connected.</param>
    /// <param name="loop">Where it lives.</param>
    /// <param name="connectMilliseconds">How long its connect may take; 0 when it is connected already.</param>
    public EpollOutboundConnection(int descriptor, EpollLoop loop, long connectMilliseconds)
        : base(descriptor, default, loop)
    {
        _connectMilliseconds = connectMilliseconds;
        if (connectMilliseconds > 0)
        {
            BeginConnect();
        }
    }

    public override long EstablishMilliseconds => _connectMilliseconds;

    public override Exception? EstablishFailure => _failure;

    protected override void OnConnectFailed(int error) => _failure = SocketFailure.Of(error);
}
