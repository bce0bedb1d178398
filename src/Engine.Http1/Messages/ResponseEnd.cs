namespace Engine.Http1;

/// <summary>What became of the end of a response.</summary>
internal enum ResponseEnd : byte
{
    /// <summary>All of it is with the connection.</summary>
    Sent = 0,

    /// <summary>It waits: for room in the queue, or for a write that the handler did not await.</summary>
    Waits,

    /// <summary>The connection has ended first.</summary>
    Gone,
}
