namespace Engine.Http1.Tests;

/// <summary>A peer that ends its side first: it may still read, so what it asked for is answered (RFC 9112 §9.6).</summary>
public sealed class PeerClosedTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Test]
    public void A_peer_that_half_closes_behind_its_request_still_gets_the_answer()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            await gate.Task;
            await context.Response.WriteAsync("late");
        }));
        dialogue.Send(Get);
        dialogue.Peer.CloseSend();
        dialogue.Run();
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.SawFin), Is.True);
        Assert.That(dialogue.Take(), Does.EndWith("late<FIN>"));
    }

    [Test]
    public void A_peer_that_half_closes_behind_pipelined_requests_gets_all_their_answers()
    {
        int asked = 0;
        TaskCompletionSource[] gates = [new(), new(), new()];
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            int number = asked++;
            await gates[number].Task;
            await context.Response.WriteAsync($"answer {number}");
        }));
        dialogue.Send(Get + Get + Get);
        dialogue.Peer.CloseSend();
        string answers = "";
        for (int i = 0; i < gates.Length; i++)
        {
            Assert.That(dialogue.RunUntil(() => asked == i + 1), Is.True);
            dialogue.Run();
            gates[i].SetResult();
            Assert.That(dialogue.RunUntil(() => dialogue.Peer.SendCount > i), Is.True);
            dialogue.Run();
            answers += dialogue.Take();
        }

        Assert.That(answers, Does.Match("(?s)answer 0.*answer 1.*answer 2<FIN>$"));
        Assert.That(dialogue.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    [Test]
    public void A_peer_that_goes_within_its_body_ends_the_read_and_nothing_stays_rented()
    {
        Exception? seen = null;
        var dialogue = new Dialogue(server => server.MapPost("/", async context =>
        {
            try
            {
                await context.Request.ReadBytesAsync();
            }
            catch (RequestBodyException exception)
            {
                seen = exception;
                throw;
            }
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
        dialogue.Peer.CloseSend();
        dialogue.RunUntil(() => dialogue.Engine.ConnectionCount == 0);
        Assert.That(seen, Is.Not.Null);
        Assert.That(dialogue.Errors, Is.Empty, "a peer that goes is no failure of the handler's");
        Assert.That(dialogue.Engine.Metrics.RentedSegments + dialogue.Engine.Metrics.RentedRemainders, Is.Zero);
    }
}
