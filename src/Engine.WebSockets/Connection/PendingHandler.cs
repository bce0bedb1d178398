using System.Runtime.CompilerServices;

namespace Engine.WebSockets;

/// <summary>
/// A handler's task that was not complete when its method returned, and the message that was lent to it. Made with the first such task or message of a connection
/// and kept, so that a connection whose handlers work in place never has one, and the others allocate it once.
/// </summary>
internal sealed class PendingHandler
{
    private BorrowedMessage _lent;
    private readonly WebSocketProtocol _protocol;
    private readonly Connection _connection;
    private readonly Action _onCompleted;
    private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _awaiter;

    public PendingHandler(WebSocketProtocol protocol, Connection connection)
    {
        _protocol = protocol;
        _connection = connection;
        _onCompleted = OnCompleted;
    }

    /// <summary>Waits for the task. Loop only; one at a time.</summary>
    public void Await(ValueTask task)
    {
        // Where the task completes is of no matter: the way back to the loop is found below, and costs nothing when it is the loop already.
        _awaiter = task.ConfigureAwait(false).GetAwaiter();
        _awaiter.UnsafeOnCompleted(_onCompleted);
    }

    /// <summary>Lends a message, until the next is lent or <see cref="EndLent"/>.</summary>
    public ReceivedMessage Lend(MessageBytes bytes)
    {
        _lent.Lend(bytes);
        return _lent.Current;
    }

    /// <summary>The handler is done with the message.</summary>
    public void EndLent() => _lent.End();

    /// <summary>Throws what the handler threw.</summary>
    public void GetResult()
    {
        ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter awaiter = _awaiter;
        _awaiter = default;
        awaiter.GetResult();
    }

    private void OnCompleted()
    {
        if (_connection.IsOnLoop)
        {
            _protocol.OnHandlerCompleted();
        }
        else
        {
            _connection.Post(static protocol => ((WebSocketProtocol)protocol!).OnHandlerCompleted(), _protocol);
        }
    }
}
