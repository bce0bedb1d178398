using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Engine.WebSockets;

/// <summary>
/// Messages on their way from the connections of a client to its one reader. It knows which of them the reader has dealt with, so that a connection that has to
/// end for a fault can wait for the answers to the good messages before it.
/// </summary>
internal sealed class ClientInbox(int maxUnread)
{
    private readonly Channel<MessageBytes> _channel = Channel.CreateBounded<MessageBytes>(maxUnread);
    private TaskCompletionSource? _handled;
    private int _unhandled;

    /// <summary>Hands a message to the reader, waiting while too many are unread.</summary>
    public ValueTask WriteAsync(MessageBytes message, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _unhandled);
        return _channel.Writer.WriteAsync(message, cancellationToken);
    }

    /// <summary>Completes when the reader has asked for more behind the last message.</summary>
    public Task WhenHandledAsync()
    {
        var handled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _handled, handled);
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _unhandled) == 0 ? Task.CompletedTask : handled.Task;
    }

    public async IAsyncEnumerable<ReceivedMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var borrowed = default(BorrowedMessage);
        while (await _channel.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_channel.Reader.TryRead(out MessageBytes message))
            {
                try
                {
                    borrowed.Lend(message);
                    yield return borrowed.Current;
                }
                finally
                {
                    borrowed.End();
                    if (Interlocked.Decrement(ref _unhandled) == 0)
                    {
                        Volatile.Read(ref _handled)?.TrySetResult();
                    }
                }
            }
        }
    }

    /// <summary>No more messages; those inside can still be read.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <summary>Gives back what nobody read.</summary>
    public void Discard()
    {
        while (_channel.Reader.TryRead(out MessageBytes message))
        {
            message.Return();
        }
    }
}
