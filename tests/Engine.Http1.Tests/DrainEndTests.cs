using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Handlers that are still at work when the time for draining is over: what they wait for ends, and they come to their own end.</summary>
public sealed class DrainEndTests(TransportKind transport) : OverSockets(transport)
{
    private static readonly byte[] Large = new byte[16 << 20];

    /// <summary>What a handler may be waiting for.</summary>
    public enum Waiting
    {
        Token,
        Body,
        Write,
        Foreign,
    }

    [Test]
    public async Task A_handler_that_outlives_the_drain_runs_its_finally([Values] Waiting waiting, [Values] HandlerScheduling scheduling)
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var foreign = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(
            server => server.MapPost("/", async context =>
            {
                try
                {
                    began.SetResult();
                    await (waiting switch
                    {
                        Waiting.Token => Task.Delay(Timeout.Infinite, context.RequestAborted),
                        Waiting.Body => context.Request.ReadBytesAsync(1 << 20).AsTask(),
                        Waiting.Write => context.Response.WriteAsync(Large).AsTask(),
                        _ => foreign.Task,
                    });
                }
                finally
                {
                    ended.SetResult();
                }
            }),
            options => options.HandlerScheduling = scheduling);
        await using RawClient client = await ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12");
        await began.Task;
        await Server.StopAsync(TimeSpan.FromMilliseconds(100));

        // What the engine does not know of is waited for by the handler alone, and goes on when it comes, although the loops are gone.
        foreign.SetResult();
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        TakeErrors();
    }
}
