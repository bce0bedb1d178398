using Microsoft.Extensions.Logging;

namespace Engine;

/// <summary>
/// The one door to code of the host that the loops call: it invokes, catches, logs, counts and tells. Nothing that a host does behind it (a subscriber, a
/// logger, a function among the options) reaches the engine as an exception. Any thread.
/// </summary>
internal sealed class HostCallbacks(ILogger logger) : ILoopFaultSink
{
    private long _faults;

    /// <summary>Told of peers that read slowly.</summary>
    public event Action<Connection>? SlowConsumer;

    /// <summary>Told of every exception that left code of the host, with its connection if it was called for one.</summary>
    public event Action<Connection?, Exception>? HandlerFailed;

    /// <summary>Exceptions that left code of the host.</summary>
    public long FaultCount => Interlocked.Read(ref _faults);

    /// <summary>A callback of a connection failed. The caller ends the connection.</summary>
    public void OnFault(Connection connection, Exception exception)
    {
        Log.HandlerFailed(logger, connection.Id, exception);
        Tell(connection, exception);
    }

    /// <summary>Code of the host that belongs to no connection failed.</summary>
    public void OnFault(Exception exception)
    {
        Log.HostFailed(logger, exception);
        Tell(connection: null, exception);
    }

    /// <summary>An exception came as far as the loop: nobody nearer to it has ended the connection, so it ends here, without ceremony.</summary>
    public void OnLoopFault(object? source, Exception exception)
    {
        if (ConnectionOf(source) is not { } connection)
        {
            OnFault(exception);
            return;
        }

        OnFault(connection, exception);
        connection.Abort(CloseReason.HandlerFailed);
    }

    /// <summary>Tells of a peer that reads slowly. On its loop.</summary>
    public void OnSlowConsumer(Connection connection)
    {
        Log.SlowConsumer(logger, connection.Id);
        TellSlow(connection);
    }

    /// <summary>Tells of a peer that was ended because it read too slowly. On its loop.</summary>
    public void OnSlowConsumerEnded(Connection connection)
    {
        Log.SlowConsumerEnded(logger, connection.Id);
        TellSlow(connection);
    }

    /// <summary>Calls a visit, which may fail without harm to the connection: it is work of its caller. On the connection's loop.</summary>
    public void Visit(Connection connection, Action<Connection> visit)
    {
        try
        {
            visit(connection);
        }
        catch (Exception exception)
        {
            Log.VisitFailed(logger, connection.Id, exception);
            Tell(connection, exception);
        }
    }

    private void Tell(Connection? connection, Exception exception)
    {
        Interlocked.Increment(ref _faults);
        foreach (Action<Connection?, Exception> subscriber in Delegate.EnumerateInvocationList(HandlerFailed))
        {
            try
            {
                subscriber(connection, exception);
            }
            catch (Exception failure)
            {
                // A subscriber of this channel is not told of its own failure, or it would be told for ever.
                Interlocked.Increment(ref _faults);
                Log.SubscriberFailed(logger, nameof(EngineServer.HandlerFailed), failure);
            }
        }
    }

    private void TellSlow(Connection connection)
    {
        foreach (Action<Connection> subscriber in Delegate.EnumerateInvocationList(SlowConsumer))
        {
            try
            {
                subscriber(connection);
            }
            catch (Exception failure)
            {
                Log.SubscriberFailed(logger, nameof(EngineServer.SlowConsumer), failure);
                Tell(connection, failure);
            }
        }
    }

    /// <summary>Finds whom the loop was working for: a connection, or what lies beneath one.</summary>
    private static Connection? ConnectionOf(object? source)
    {
        while (source is TransportConnection transport)
        {
            source = transport.Sink;
        }

        return source as Connection;
    }
}
