using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Engine.WebSockets;

/// <summary>
/// Messages on their way from the connections of a client to its one reader. It knows which of them the reader has dealt with, so that a connection that has to
/// end for a fault can wait for the answers to the good messages before it. Any thread.
/// </summary>
internal sealed class ClientInbox(int maxUnreadMessages, bool isDiscarding)
{
    private readonly Channel<MessageBytes> _channel = Channel.CreateUnbounded<MessageBytes>();
    private readonly object _gate = new();
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _handled;
    private int _unread;
    private int _unhandled;
    private bool _isComplete;

    /// <summary>Hands a message to the reader. The task completes when another one may come; at once for the last ones of a server that is gone.</summary>
    public ValueTask Add(MessageBytes message, bool isPastBound = false)
    {
        lock (_gate)
        {
            if (isDiscarding || _isComplete)
            {
                message.Return();
                return ValueTask.CompletedTask;
            }

            _unread++;
            _unhandled++;
            _channel.Writer.TryWrite(message);
            if (_unread < maxUnreadMessages || isPastBound)
            {
                return ValueTask.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_room.Task);
        }
    }

    /// <summary>Lets in who waits, whatever is unread.</summary>
    public void GiveRoom()
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            (room, _room) = (_room, null);
        }

        room?.SetResult();
    }

    /// <summary>Completes when the reader has asked for more behind the last message.</summary>
    public Task WhenHandledAsync()
    {
        lock (_gate)
        {
            return _unhandled == 0 ? Task.CompletedTask : (_handled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public async IAsyncEnumerable<ReceivedMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var borrowed = default(BorrowedMessage);
        while (await _channel.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_channel.Reader.TryRead(out MessageBytes message))
            {
                OnTaken();
                try
                {
                    borrowed.Lend(message);
                    yield return borrowed.Current;
                }
                finally
                {
                    borrowed.End();
                    OnHandled();
                }
            }
        }
    }

    /// <summary>No more messages; those inside can still be read.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            _channel.Writer.TryComplete();
        }
    }

    /// <summary>Gives back what nobody read.</summary>
    public void Discard()
    {
        while (_channel.Reader.TryRead(out MessageBytes message))
        {
            message.Return();
        }
    }

    private void OnTaken()
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            if (--_unread < maxUnreadMessages)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.SetResult();
    }

    private void OnHandled()
    {
        TaskCompletionSource? handled = null;
        lock (_gate)
        {
            if (--_unhandled == 0)
            {
                (handled, _handled) = (_handled, null);
            }
        }

        handled?.SetResult();
    }
}
