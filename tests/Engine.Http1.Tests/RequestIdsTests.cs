using Engine.TestKit;

namespace Engine.Http1.Tests;

public sealed class RequestIdsTests(TransportKind transport) : OverSockets(transport)
{
    private Task ServeAsync(bool takeFromClient) => StartAsync(server => server
        .Use(RequestIds.Create(takeFromClient: takeFromClient))
        .MapGet("/", static context => context.Response.WriteAsync(context.GetRequestId()!)));

    [Test]
    public async Task Each_request_has_an_id_of_its_own_which_the_client_is_told()
    {
        await ServeAsync(takeFromClient: false);
        RawHttpResponse first = await GetAsync("/", "X-Request-Id: mine\r\n");
        RawHttpResponse second = await GetAsync("/");
        Assert.That(first["X-Request-Id"], Is.EqualTo(first.Text).And.Not.EqualTo("mine").And.Length.EqualTo(32));
        Assert.That(second.Text, Is.Not.EqualTo(first.Text));
    }

    [TestCase("abc-1_2.3", true)]
    [TestCase("a b", false)]
    [TestCase("a\"b", false)]
    [TestCase("", false)]
    [TestCase("é", false)]
    public async Task An_id_that_is_brought_is_taken_over_if_it_is_harmless(string id, bool isTaken)
    {
        await ServeAsync(takeFromClient: true);
        Assert.That((await GetAsync("/", $"X-Request-Id: {id}\r\n")).Text == id, Is.EqualTo(isTaken));
        Assert.That((await GetAsync("/", $"X-Request-Id: {new string('x', 129)}\r\n")).Text, Has.Length.EqualTo(32));
        Assert.That(() => RequestIds.Create("a b"), Throws.ArgumentException);
    }
}
