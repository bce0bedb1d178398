namespace Engine.Http1;

/// <summary>What a response asks of the connection's protocol. Loop only.</summary>
internal interface IResponseOwner
{
    /// <summary>The stream's timer was set or moved: the connection's deadline has to be no later.</summary>
    void OnStreamTimerSet();
}
