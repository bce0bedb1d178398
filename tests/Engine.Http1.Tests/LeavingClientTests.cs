using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Clients that leave, stop sending or are refused early, over real sockets.</summary>
public sealed class LeavingClientTests(TransportKind transport) : OverSockets(transport)
{
    [Test]
    public async Task A_client_that_leaves_with_FIN_or_RST_cancels_RequestAborted([Values] bool byReset, [Values] HandlerScheduling scheduling)
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(
            server => server.MapGet("/", async context =>
            {
                began.SetResult();
                try
                {
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                }
                finally
                {
                    cancelled.SetResult(!context.Connection.IsOnLoop);
                }
            }),
            options => options.HandlerScheduling = scheduling);
        RawClient client = await ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await began.Task;
        if (byReset)
        {
            client.Reset();
        }
        else
        {
            await client.DisposeAsync();
        }

        Assert.That(await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30)), Is.EqualTo(scheduling == HandlerScheduling.ThreadPool), "handlers go on where they run");
    }

    [Test]
    public async Task A_half_closing_client_is_served_where_the_host_says_so()
    {
        CancellationToken aborted = default;
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(
            server => server.MapGet("/", async context =>
            {
                aborted = context.RequestAborted;
                began.SetResult();
                await gate.Task;
                await context.Response.WriteAsync($"{context.Connection.IsPeerClosed} {aborted.IsCancellationRequested}");
            }),
            static options => options.ServeHalfClosedPeers = true);
        await using RawClient client = await ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.CloseSend();
        await began.Task;
        gate.SetResult();
        RawHttpResponse response = await client.ReadResponseAsync();
        Assert.That(response.Text, Does.EndWith("False"));
    }

    [Test]
    public async Task A_half_closing_client_still_gets_a_response_that_is_written_all_the_same()
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(server => server.MapGet("/", async context =>
        {
            await using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
            await aborted.Task;
            await context.Response.WriteAsync("all the same");
        }));
        await using RawClient client = await ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.CloseSend();
        Assert.That((await client.ReadResponseAsync()).Text, Is.EqualTo("all the same"));
    }

    [TestCase("/nosuch", 404)]
    [TestCase("/small", 413)]
    [TestCase("/throws", 500)]
    public async Task An_early_refusal_of_a_large_upload_is_readable_by_a_client_that_sends_all_of_it(string path, int status)
    {
        await StartAsync(static server => server
            .Map("POST", "/small", static _ => default, new RouteOptions { MaxRequestBodySize = 1000 })
            .MapPost("/throws", static _ => throw new InvalidOperationException("early")));
        for (int i = 0; i < 3; i++)
        {
            await using RawClient client = await ConnectAsync();
            await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
            byte[] piece = new byte[100_000];
            for (int sent = 0; sent < 20_000_000; sent += piece.Length)
            {
                await client.SendAsync(piece);
            }

            Assert.That((await client.ReadResponseAsync()).StatusCode, Is.EqualTo(status));
            await client.ReadToEndAsync();
            Assert.That(client.SawReset, Is.False);
        }

        TakeErrors();
    }
}
