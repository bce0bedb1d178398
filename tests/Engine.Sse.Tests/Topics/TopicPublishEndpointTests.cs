using System.Net;
using System.Text;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Publishing by POST: what is published, and what its publisher is told.</summary>
public sealed class TopicPublishEndpointTests(TransportKind transport) : BothTransports(transport)
{
    private HttpClient _client = null!;
    private TopicHub _hub = null!;

    [TearDown]
    public async Task Nobody_is_left()
    {
        // First, or the stop would wait for a client that keeps its connection.
        _client.Dispose();
        await StopAsync();
        _hub.Dispose();
    }

    [Test]
    public async Task What_is_posted_is_published_and_its_position_answered(CancellationToken ct)
    {
        await StartHubAsync();
        using HttpResponseMessage response = await PostAsync("s.a", "hello", "text/plain", ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        string position = (await response.Content.ReadAsStringAsync(ct)).TrimEnd('\n');
        Assert.That(position, Is.EqualTo(_hub.PositionOf("s.a").ToString()));
        Assert.That(response.Headers.GetValues("Topic-Position"), Is.EqualTo(new[] { position }));
    }

    [Test]
    public async Task Clients_that_accept_JSON_are_told_in_JSON(CancellationToken ct)
    {
        await StartHubAsync();
        using HttpResponseMessage response = await PostAsync("s.a", "hello", "text/plain", ct, static request => request.Headers.Add("Accept", "application/json"));
        Assert.That(await response.Content.ReadAsStringAsync(ct), Is.EqualTo($"{{\"status\":\"published\",\"position\":\"{_hub.PositionOf("s.a")}\",\"delivered\":0,\"behind\":0}}\n"));
    }

    [Test]
    public async Task A_second_try_is_answered_with_the_first_ones_position(CancellationToken ct)
    {
        await StartHubAsync();
        using HttpResponseMessage first = await PostAsync("s.a", "once", "text/plain", ct, static request => request.Headers.Add("Idempotency-Key", "k1"));
        using HttpResponseMessage second = await PostAsync("s.a", "once", "text/plain", ct, static request => request.Headers.Add("Idempotency-Key", "k1"));
        Assert.That((first.StatusCode, second.StatusCode), Is.EqualTo((HttpStatusCode.Created, HttpStatusCode.OK)));
        Assert.That(await second.Content.ReadAsStringAsync(ct), Is.EqualTo(await first.Content.ReadAsStringAsync(ct)));
        Assert.That(_hub.PositionOf("s.a").Offset, Is.EqualTo(1));
    }

    [TestCase("s.a", "{\"a\":1}", "application/json", 201)]
    [TestCase("s.a", "{\"a\":", "application/json", 400)]
    [TestCase("s.a", "", "application/problem+json", 400)]
    [TestCase("s.a", "\u00ff", "text/plain; charset=latin1", 400)]
    [TestCase("s.a", "\u00ff", "application/octet-stream", 201)]
    [TestCase("s.%00", "x", "text/plain", 400)]
    [TestCase("s.*", "x", "text/plain", 400)]
    [TestCase("s.a?event=a%0Ab", "x", "text/plain", 400)]
    [TestCase("secret", "x", "text/plain", 403)]
    [TestCase("hidden", "x", "text/plain", 404)]
    public async Task Each_request_gets_the_status_that_says_what_became_of_it(string topic, string body, string type, int status, CancellationToken ct)
    {
        await StartHubAsync();
        using HttpResponseMessage response = await PostAsync(topic, body, type, ct);
        Assert.That((int)response.StatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task A_body_above_the_limit_is_413_and_not_published(CancellationToken ct)
    {
        await StartHubAsync();
        using HttpResponseMessage response = await PostAsync("s.a", new string('x', 1001), "text/plain", ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        Assert.That(_hub.PositionOf("s.a").Offset, Is.Zero);
    }

    [Test]
    public async Task A_key_and_an_event_type_come_by_the_query(CancellationToken ct)
    {
        await StartHubAsync();
        using HttpResponseMessage response = await PostAsync("l.prices?key=EUR&event=price", "1.08", "text/plain", ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Created));
        using TopicReader reader = await TopicReader.OpenAsync(Server.EndPoint, "/events?topic=l.prices", ct);
        SeenEvent? seen = await reader.ReadAsync(ct);
        Assert.That((seen!.Value.Type, seen.Value.Data), Is.EqualTo(("price", "1.08")));
    }

    [Test]
    public async Task The_host_may_make_the_message_itself(CancellationToken ct)
    {
        await StartHubAsync(static options => options.CreateMessage = static (_, topic, body) => new TopicMessage($"{topic}: {Encoding.UTF8.GetString(body.Span)}"));
        using TopicReader reader = await TopicReader.OpenAsync(Server.EndPoint, "/events?topic=s.a", ct);
        using HttpResponseMessage response = await PostAsync("s.a", "x", "text/plain", ct);
        Assert.That((await reader.ReadAsync(ct))!.Value.Data, Is.EqualTo("s.a: x"));
    }

    private Task StartHubAsync(Action<TopicPublishOptions>? configure = null)
    {
        _client = new HttpClient();
        _hub = new TopicHub(new TopicHubOptions().Add("s.>", new TopicOptions(TopicKind.Stream)).Add("l.>", new TopicOptions(TopicKind.Latest)));
        var options = new TopicPublishOptions { MaxBodyBytes = 1000, AuthorizeAsync = AuthorizeAsync };
        configure?.Invoke(options);
        return StartAsync(server =>
        {
            server.MapTopicPublish("/topics/{topic}", _hub, options);
            server.MapSseTopics("/events", _hub);
        });
    }

    private static ValueTask<bool> AuthorizeAsync(HttpContext context, string topic)
    {
        if (topic == "hidden")
        {
            context.Response.StatusCode = 404;
        }

        return ValueTask.FromResult(topic is not ("secret" or "hidden"));
    }

    private async Task<HttpResponseMessage> PostAsync(string topic, string body, string type, CancellationToken cancellationToken, Action<HttpRequestMessage>? configure = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address($"/topics/{topic}")) { Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        configure?.Invoke(request);
        return await _client.SendAsync(request, cancellationToken);
    }
}
