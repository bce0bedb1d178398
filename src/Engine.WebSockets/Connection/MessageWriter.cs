namespace Engine.WebSockets;

/// <summary>
/// A message that is sent as it is made, in fragments. One writer at a time. Complete it: one that is disposed before closes the connection, since the peer
/// could not tell the part from the whole.
/// </summary>
public sealed class MessageWriter : IAsyncDisposable
{
    private readonly WebSocketConnection _socket;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameOpcode _opcode;
    private bool _hasBegun;
    private bool _isDone;

    internal MessageWriter(WebSocketConnection socket, bool isText)
    {
        _socket = socket;
        _opcode = isText ? FrameOpcode.Text : FrameOpcode.Binary;
    }

    /// <summary>Completes when other messages may go on.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Sends the next part, waiting for room if need be. The memory must not change until the task completes.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the part began; the message is still open.</exception>
    /// <exception cref="InvalidOperationException">The message is complete.</exception>
    public ValueTask<SendStatus> WriteAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken = default)
        => SendAsync(part, isFinal: false, cancellationToken);

    /// <summary>Sends the last part, which may be empty, and lets other messages go on.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before the part began; the message is still open.</exception>
    /// <exception cref="InvalidOperationException">The message is complete.</exception>
    public async ValueTask<SendStatus> CompleteAsync(ReadOnlyMemory<byte> last = default, CancellationToken cancellationToken = default)
    {
        SendStatus status = await SendAsync(last, isFinal: true, cancellationToken).ConfigureAwait(false);
        _isDone = true;
        _socket.EndStream();
        return status;
    }

    /// <summary>Lets other messages go on. A message that is not complete takes the connection with it.</summary>
    public ValueTask DisposeAsync()
    {
        if (!_isDone)
        {
            _isDone = true;
            if (_hasBegun)
            {
                _socket.Close(System.Net.WebSockets.WebSocketCloseStatus.InternalServerError, "message given up");
            }

            _socket.EndStream();
        }

        return ValueTask.CompletedTask;
    }

    internal void MarkEnded() => _ended.TrySetResult();

    private async ValueTask<SendStatus> SendAsync(ReadOnlyMemory<byte> part, bool isFinal, CancellationToken cancellationToken)
    {
        if (_isDone)
        {
            throw new InvalidOperationException("The message is complete.");
        }

        byte first = FrameEncoder.FirstByte(_hasBegun ? FrameOpcode.Continuation : _opcode, isFinal, isCompressed: false);
        SendStatus status = await _socket.SendFragment(first, part, cancellationToken).ConfigureAwait(false);
        _hasBegun = true;
        return status;
    }
}
