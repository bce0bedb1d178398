using System.Globalization;
using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Bytes of one connection never reach another, however clients behave: a short storm here, an hour of it by <c>./build.sh bench storm --minutes 60</c>.</summary>
[CancelAfter(300_000)]
public sealed class CanaryTests(TransportKind transport) : OverSockets(transport)
{
    private static int Seconds => int.TryParse(Environment.GetEnvironmentVariable("ENGINE_STORM_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : 2;

    [Test]
    public async Task Clients_that_break_stall_and_leave_never_show_anybody_the_bytes_of_another([Values] HandlerScheduling scheduling, [Values] bool hasSmallQueues)
    {
        await StartAsync(
            static server => server.MapPost("/echo", EchoAsync).MapGet("/fill", Fill),
            options =>
            {
                options.HandlerScheduling = scheduling;
                if (hasSmallQueues)
                {
                    options.Server.SendBufferBytes = 4096;
                }
            });
        var storm = new CanaryStorm(Server.EndPoint, "/echo", "/fill", Environment.TickCount);
        await storm.RunAsync(TimeSpan.FromSeconds(Seconds), clients: 24);
        TakeErrors();
        Assert.That(storm.Failures, Is.Empty, () => $"seed {storm.Seed}");
        Assert.That(storm.Exchanges, Is.GreaterThan(20));
        Assert.That(storm.Mischief, Is.GreaterThan(10));
        await TestContext.Out.WriteLineAsync($"{storm.Exchanges} exchanges beside {storm.Mischief} connections that misbehaved");
    }

    /// <summary>Answers whole, or as it comes, after a pause or at once: by the length of the body.</summary>
    private static async ValueTask EchoAsync(HttpContext context)
    {
        string canary = context.Request.Headers["X-Canary"]!;
        byte[] body = await context.Request.ReadBytesAsync();
        if ((body.Length & 16) != 0)
        {
            await Task.Yield();
        }

        Assert.That(context.Request.Headers["X-Canary"], Is.EqualTo(canary), "the request is still the same");
        Assert.That(body.Length == 0 || Encoding.Latin1.GetString(body).StartsWith(canary, StringComparison.Ordinal), Is.True, "the body is this request's");
        await context.Response.WriteAsync(body);
    }

    /// <summary>Fills the queue and ends, so that the end of the response has to wait for room.</summary>
    private static async ValueTask Fill(HttpContext context)
    {
        byte[] canaries = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(context.Request.Headers["X-Canary"] ?? "cut off", 64)));
        ResponseStream stream;
        if (context.Connection.IsOnLoop)
        {
            stream = context.Response.StartStream();
        }
        else
        {
            var started = new TaskCompletionSource<ResponseStream>(TaskCreationOptions.RunContinuationsAsynchronously);
            context.Connection.Post(
                _ =>
                {
                    try
                    {
                        started.SetResult(context.Response.StartStream());
                    }
                    catch (Exception exception)
                    {
                        started.SetException(exception);
                    }
                },
                null);
            stream = await started.Task;
        }

        while (stream.TrySend(canaries) is SendStatus.Sent or SendStatus.Queued)
        {
        }

        while (stream.TrySend(canaries.AsSpan(0, 1)) is SendStatus.Sent or SendStatus.Queued)
        {
        }
    }
}
