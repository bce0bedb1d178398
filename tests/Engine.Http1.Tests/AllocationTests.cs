namespace Engine.Http1.Tests;

/// <summary>What a steady connection costs the collector.</summary>
public sealed class AllocationTests
{
    [Test]
    public void A_steady_request_allocates_nothing()
    {
        byte[] hello = "Hello, World!"u8.ToArray();
        var dialogue = new Dialogue(server => server.MapGet("/plain", context =>
        {
            context.Response.ContentType = "text/plain";
            return context.Response.WriteAsync(hello);
        }));
        byte[] request = "GET /plain HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"u8.ToArray();
        byte[] batch = [.. Enumerable.Repeat(request, 100).SelectMany(static bytes => bytes)];
        long Allocated(byte[] bytes)
        {
            dialogue.Send(bytes);
            dialogue.Peer.TakeReceived();
            long before = GC.GetAllocatedBytesForCurrentThread();
            dialogue.Send(bytes);
            long after = GC.GetAllocatedBytesForCurrentThread();
            dialogue.Peer.TakeReceived();
            return after - before;
        }

        for (int i = 0; i < 50; i++)
        {
            Allocated(batch);
        }

        // What the peer itself copies is the same a batch, and grows with the bytes alone: a hundred requests are held against one.
        long one = Allocated(request) - request.Length;
        long hundred = Allocated(batch) - batch.Length;
        Assert.That(hundred - one, Is.LessThan(100), "bytes allocated by 99 requests");
    }
}
