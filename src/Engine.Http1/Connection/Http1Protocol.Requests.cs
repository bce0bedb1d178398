using System.Globalization;
using System.Text;

namespace Engine.Http1;

/// <summary>From a complete head to the end of its answer.</summary>
internal sealed partial class Http1Protocol
{
    private static readonly WaitCallback RunOnPool = static state => ((Http1Protocol)state!).RunForeign();

    private bool _isUpgraded;
    private bool _isRunning;
    private bool _isWaitingForRoom;
    private HttpRejection _lateRejection;

    /// <summary>Starts the request whose head is complete; answers how many bytes of its body were taken.</summary>
    private int Begin(ReadOnlySpan<byte> following)
    {
        HttpContext context = _context!;
        RequestHead head = context.Request.Head;
        _requestCount++;
        bool isLast = Limits.MaxRequestsPerConnection > 0 && _requestCount >= Limits.MaxRequestsPerConnection;
        bool keepAlive = !head.WantsClose && (!head.IsHttp10 || head.WantsKeepAlive) && !isLast && !_isStopping && !_isPeerDone;
        context.Begin(_connection, offersUpgrade: !head.IsHttp10 && head.WantsUpgrade && head.UpgradeIndex >= 0 && !context.Request.HasBody);
        context.Response.Begin(_connection, Loop.Environment, context.Request.RawMethod.SequenceEqual("HEAD"u8), head.IsHttp10, keepAlive);
        _phase = Phase.Handling;
        int taken = 0;
        if (context.Request.HasBody)
        {
            RequestBody body = Loop.RentBody(out uint lease);
            body.Begin(_connection, head);
            context.Request.BodyPipe = body;
            context.Request.BodyLease = lease;
            taken = FeedBody(following);
            if (_phase != Phase.Handling)
            {
                return following.Length;
            }

            WatchBody(body);
        }
        else
        {
            _connection.ClearDeadline();
        }

        Run(context);
        return taken;
    }

    private void Run(HttpContext context)
    {
        ValueTask running;
        _isRunning = true;
        try
        {
            _application.Pipeline.Route(context);
            if (_application.Scheduling == HandlerScheduling.ThreadPool)
            {
                context.IsShared = true;
                ThreadPool.UnsafeQueueUserWorkItem(RunOnPool, this);
                return;
            }

            running = _application.Pipeline.Run(context);
        }
        catch (Exception exception)
        {
            Finish(context, exception);
            return;
        }

        if (running.IsCompletedSuccessfully)
        {
            Finish(context, failure: null);
        }
        else
        {
            context.IsShared = true;
            _ = AwaitAsync(context, running);
        }
    }

    private void RunForeign()
    {
        HttpContext context = _context!;
        ValueTask running;
        try
        {
            running = _application.Pipeline.Run(context);
        }
        catch (Exception exception)
        {
            running = ValueTask.FromException(exception);
        }

        _ = AwaitAsync(context, running);
    }

    private async Task AwaitAsync(HttpContext context, ValueTask running)
    {
        try
        {
            await running;
        }
        catch (Exception exception)
        {
            context.Failure = exception;
        }

        // Awaited with the loop as its context: leaving it (ConfigureAwait(false)) would cost a hop through the thread pool from a thread that has one.
        // Also when this is the loop: the handler may have been continued from within some callback, and what follows must not run inside that.
        _connection.Post(static state => ((Http1Protocol)state!).OnHandlerDone(), this);
    }

    private void OnHandlerDone()
    {
        HttpContext context = _context!;
        Finish(context, context.Failure);
        if (_phase != Phase.Handling)
        {
            Continue();
        }
    }

    /// <summary>After something that was waited for, outside of the pump: what was kept is offered again, or the idle clock runs.</summary>
    private void Continue()
    {
        if (_isWaitingForRoom)
        {
            return;
        }

        if (_phase == Phase.Head && _connection.IsOpen)
        {
            GoIdle();
        }

        Resume();
        _connection.FlushOutput();
    }

    /// <summary>The handler is done, well or not.</summary>
    private void Finish(HttpContext context, Exception? failure)
    {
        HttpResponse response = context.Response;
        _isRunning = false;
        if (failure is not null && !Recover(context, failure))
        {
            _connection.Abort(CloseReason.HandlerFailed);
            End();
            return;
        }

        if (!response.HasStarted && context.Upgrade is { Successor: { } successor } offer)
        {
            Switch(context, offer.AcceptedProtocol!, successor);
            return;
        }

        if (context.Request.BodyPipe is { IsComplete: false } body && !body.CanDrain(Limits.MaxUnreadBodySize))
        {
            response.KeepAlive = false;
        }

        bool isWhole;
        ValueTask<SendStatus> sending = default;
        try
        {
            isWhole = response.TryComplete(out sending);
        }
        catch (Exception exception)
        {
            _application.Report(exception, context);
            isWhole = false;
        }

        if (!isWhole)
        {
            _connection.Abort(CloseReason.HandlerFailed);
            End();
        }
        else if (sending.IsCompletedSuccessfully)
        {
            Next(context);
        }
        else
        {
            _phase = Phase.Completing;
            DiscardBody(context);
            _ = NextAfterAsync(sending);
        }
    }

    /// <summary>An exception before the head becomes a 500; after it nothing honest can be said any more.</summary>
    private bool Recover(HttpContext context, Exception failure)
    {
        if (!_connection.IsOpen)
        {
            // A handler that fails because its peer is gone has not failed.
            return false;
        }

        if (failure is RequestBodyException { StatusCode: var asked } && !context.Response.HasStarted)
        {
            int status = asked != 0 ? asked : StatusLines.Of(_lateRejection);
            context.Response.Restart(status);
            context.Response.KeepAlive &= asked != 0;
            context.Response.SetText(StatusLines.Text(status));
            return true;
        }

        if (failure is OperationCanceledException && context.Response.Stream is { } stream && stream.Closed.IsCancellationRequested)
        {
            // The way in which most handlers leave a stream that was told to end.
            return true;
        }

        _application.Report(failure, context);
        if (context.Response.HasStarted)
        {
            return false;
        }

        context.Response.Restart(500);
        context.Response.SetText("Internal Server Error\n");
        return true;
    }

    private async Task NextAfterAsync(ValueTask<SendStatus> sending)
    {
        await sending;
        _connection.Post(static state => ((Http1Protocol)state!).OnCompleted(), this);
    }

    /// <summary>The end of the response has found room. When the connection ended meanwhile, the request ended with it and the phase is another.</summary>
    private void OnCompleted()
    {
        if (_phase == Phase.Completing)
        {
            Next(_context!);
            Continue();
        }
    }

    /// <summary>The answer is with the connection: the next request, or the end.</summary>
    private void Next(HttpContext context)
    {
        if (!_connection.IsOpen)
        {
            End();
            return;
        }

        if (!context.Response.KeepAlive)
        {
            _connection.Close(_isStopping ? CloseReason.ServerStopping : _isPeerDone ? CloseReason.PeerClosed : CloseReason.Completed);
            End();
            return;
        }

        if (context.Request.BodyPipe is { IsComplete: false })
        {
            DiscardBody(context);
            _phase = Phase.Draining;
            return;
        }

        GoToNextHead(context);
        if (!_connection.IsWritable && !_connection.FlushOutput())
        {
            WaitForRoom();
        }
    }

    /// <summary>The request is over and the connection goes on. A context that others may hold is not used again, not even by this connection.</summary>
    private void GoToNextHead(HttpContext context)
    {
        if (context.IsShared)
        {
            EndRequest();
        }
        else
        {
            ReturnBody(context);
            context.Reset();
        }

        _phase = Phase.Head;
    }

    private static void DiscardBody(HttpContext context)
    {
        if (context.Request.BodyPipe is { IsComplete: false } body)
        {
            body.Discard();
        }
    }

    /// <summary>A peer that asks without reading the answers is not asked for more.</summary>
    private void WaitForRoom()
    {
        _connection.ClearDeadline();
        _isWaitingForRoom = true;
        Pause();
        _ = ResumeWhenWritableAsync();
    }

    private async Task ResumeWhenWritableAsync()
    {
        await _connection.WhenWritableAsync();
        _connection.Post(
            static state =>
            {
                var protocol = (Http1Protocol)state!;
                protocol._isWaitingForRoom = false;
                protocol.Continue();
            },
            this);
    }

    private void Switch(HttpContext context, string protocol, ConnectionProtocol successor)
    {
        string lines = string.Create(CultureInfo.InvariantCulture, $"Connection: Upgrade\r\nUpgrade: {protocol}\r\n");
        context.Response.WriteSwitch(Encoding.Latin1.GetBytes(lines));
        _connection.ClearDeadline();
        _isUpgraded = true;
        End();
        _connection.SwitchProtocol(successor);
    }

    /// <summary>Nothing more is read, and what the request held goes back.</summary>
    private void End()
    {
        _phase = Phase.Done;
        EndRequest();
    }

    /// <summary>Answers an error that is the peer's, and closes.</summary>
    private void Reject(HttpRejection rejection, CloseReason reason)
    {
        HttpContext context = _context!;
        if (!context.Response.HasStarted)
        {
            int status = StatusLines.Of(rejection);
            context.Response.Begin(_connection, Loop.Environment, isHead: false, isHttp10: false, keepAlive: false);
            context.Response.Restart(status);
            context.Response.SetText(StatusLines.Text(status));
            context.Response.TryComplete(out _);
        }

        _connection.Close(reason);
        End();
    }
}
