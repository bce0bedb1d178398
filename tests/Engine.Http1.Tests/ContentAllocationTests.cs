using System.Text.Json.Serialization;

namespace Engine.Http1.Tests;

/// <summary>What the conveniences cost a steady connection.</summary>
public sealed partial class ContentAllocationTests
{
    [Test]
    public void Cookies_codings_JSON_CORS_and_the_access_log_allocate_nothing_a_request()
    {
        long bytes = 0;
        int right = 0;
        var value = new Shape(1, "two");
        var policy = new CorsPolicy();
        policy.Origins.Add("https://example.org");
        var dialogue = new Dialogue(server => server
            .Use(AccessLog.Create((in AccessLogEntry entry) => bytes += entry.BodyBytes))
            .Use(Cors.Create(policy))
            .MapGroup("/api", group => group.Use(static (context, next) => next(context)).MapGet("/json", context =>
            {
                bool isRead = context.Request.Cookies.TryGetBytes("b", out ReadOnlySpan<byte> cookie) && cookie.SequenceEqual("two"u8);
                right += isRead && context.Request.ChooseCoding(ContentCodings.Gzip) == ContentCodings.Gzip ? 1 : 0;
                return context.Response.WriteJsonAsync(value, AllocationShapes.Default.Shape);
            })));
        byte[] request = "GET /api/json HTTP/1.1\r\nHost: example.com\r\nCookie: a=1; b=two\r\nAccept-Encoding: gzip;q=0.5, deflate\r\n\r\n"u8.ToArray();
        byte[] batch = [.. Enumerable.Repeat(request, 100).SelectMany(static one => one)];
        long Allocated(byte[] sent)
        {
            dialogue.Send(sent);
            dialogue.Peer.TakeReceived();
            long before = GC.GetAllocatedBytesForCurrentThread();
            dialogue.Send(sent);
            long after = GC.GetAllocatedBytesForCurrentThread();
            dialogue.Peer.TakeReceived();
            return after - before;
        }

        for (int i = 0; i < 50; i++)
        {
            Allocated(batch);
        }

        long one = Allocated(request) - request.Length;
        long hundred = Allocated(batch) - batch.Length;
        Assert.That((right, bytes), Is.EqualTo((10_202, 10_202L * 25)));
        Assert.That(hundred - one, Is.LessThan(100), "bytes allocated by 99 requests");
    }

    internal sealed record Shape(int Number, string Text);

    [JsonSerializable(typeof(Shape))]
    private sealed partial class AllocationShapes : JsonSerializerContext;
}
