namespace Engine;

/// <summary>Who takes accepted connections: the server.</summary>
internal interface ITransportHost
{
    /// <summary>A connection was accepted for <paramref name="loop"/>, on whose thread this is called.</summary>
    void OnAccepted(EventLoop loop, TransportConnection connection);

    /// <summary>An accept failed; the listener goes on.</summary>
    void OnAcceptFailed(string error);
}
