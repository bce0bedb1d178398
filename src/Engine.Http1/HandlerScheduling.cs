namespace Engine.Http1;

/// <summary>Where handlers run.</summary>
public enum HandlerScheduling : byte
{
    /// <summary>On the connection's event loop, which waits for them: for handlers that never block. What they await comes back to the loop. The fastest.</summary>
    EventLoop = 0,

    /// <summary>
    /// On the thread pool: for handlers that block or compute for long, those of event streams included. One more hop each way. Handlers of an upgraded
    /// connection, as WebSocket's, stay on the loop.
    /// </summary>
    ThreadPool = 1,
}
