using System.Net;

namespace Engine.Http1.Tests;

/// <summary>Handlers that run on the thread pool, over real sockets and both transports, as blocking hosts choose them.</summary>
[CancelAfter(60_000)]
public sealed class HandlerSchedulingTests
{
    [Test]
    public async Task Handlers_on_the_thread_pool_may_block_and_are_answered_in_order([Values(TransportKind.Sockets, TransportKind.Epoll)] TransportKind transport)
    {
        await using var server = new HttpServer(new HttpServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Transport = transport,
            LoopCount = 1,
            HandlerScheduling = HandlerScheduling.ThreadPool,
        });
        server.MapPost("/echo", static async context =>
        {
            Assert.That(context.Connection.IsOnLoop, Is.False);
            byte[] body = await context.Request.ReadBytesAsync(1 << 24).ConfigureAwait(false);
            await context.Response.WriteAsync(body).ConfigureAwait(false);
        });
        server.MapGet("/parts", static async context =>
        {
            for (int i = 0; i < 20; i++)
            {
                await context.Response.WriteAsync($"part {i}\n").ConfigureAwait(false);
                await context.Response.FlushAsync().ConfigureAwait(false);
            }
        });
        server.MapGet("/fail", static _ => throw new InvalidOperationException("handler"));
        await server.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.EndPoint}") };
        string parts = string.Concat(Enumerable.Range(0, 20).Select(static i => $"part {i}\n"));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            byte[] sent = new byte[number * 10_000];
            Random.Shared.NextBytes(sent);
            using HttpResponseMessage echoed = await client.PostAsync("/echo", new ByteArrayContent(sent));
            Assert.That((await echoed.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(sent), Is.True);
            Assert.That(await client.GetStringAsync("/parts"), Is.EqualTo(parts));
            using HttpResponseMessage failed = await client.GetAsync("/fail");
            Assert.That(failed.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        }));
        await server.StopAsync(TimeSpan.FromMilliseconds(200));
        Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
    }
}
