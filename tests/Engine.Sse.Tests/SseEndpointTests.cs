using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Streams of a server whose handlers run on the thread pool, because they block.</summary>
public sealed class SseEndpointTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task A_handler_on_the_thread_pool_feeds_its_stream_and_hears_of_the_end_there(CancellationToken cancellationToken)
    {
        var wasOnLoop = new TaskCompletionSource<bool[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(
            server => server.MapSse("/events", async (stream, ct) =>
            {
                bool before = stream.Connection.IsOnLoop;
                await stream.SendAsync(new SseEvent("0"), ct);
                try
                {
                    await Task.Delay(Timeout.Infinite, ct);
                }
                finally
                {
                    wasOnLoop.SetResult([before, stream.Connection.IsOnLoop]);
                }
            }),
            HandlerScheduling.ThreadPool);
        using var reader = new NumberedReader();
        await reader.ConnectAsync(Server.EndPoint, "/events", cancellationToken);
        Assert.That(await reader.ReadAsync(1, cancellationToken), Is.True);
        reader.End(abortive: false);
        Assert.That(await wasOnLoop.Task.WaitAsync(cancellationToken), Is.EqualTo(new[] { false, false }));
        await UntilAsync(() => Server.Engine.ConnectionCount == 0, cancellationToken);
    }

    [Test]
    public async Task A_plain_handler_on_the_thread_pool_starts_a_stream_and_goes_on_there(CancellationToken cancellationToken)
    {
        await StartAsync(
            static server => server.MapPost("/ask", static async context =>
            {
                Assert.That(() => context.StartSse(), Throws.InvalidOperationException);
                SseStream stream = await context.StartSseAsync();
                await stream.SendAsync(new SseEvent(stream.Connection.IsOnLoop ? "on the loop" : "on the pool"));
            }),
            HandlerScheduling.ThreadPool);
        using var http = new HttpClient();
        HttpResponseMessage response = await http.PostAsync(Address("/ask"), new StringContent("?"), cancellationToken);
        Assert.That(response.Content.Headers.ContentType!.MediaType, Is.EqualTo("text/event-stream"));
        Assert.That(await response.Content.ReadAsStringAsync(cancellationToken), Does.EndWith("data: on the pool\n\n"));
    }
}
