using Engine.TestKit;

namespace Engine.Http1.Tests;

public sealed class HttpServerGroupsTests(TransportKind transport) : OverSockets(transport)
{
    [Test]
    public async Task A_group_has_a_prefix_and_middleware_of_its_own()
    {
        await StartAsync(static server => server
            .Use(Mark("outer"))
            .MapGet("/plain", Show)
            .MapGroup("/api", static api => api
                .MapGet("", Show)
                .MapGet("/", Show)
                .MapGet("/users/{id}", Show)
                .Use(Mark("api"))
                .MapGroup("/{version}", static versioned => versioned
                    .Use(Mark("versioned"))
                    .MapPost("/things", Show)))
            .MapGet("/api-docs", Show));
        Assert.That((await GetAsync("/plain")).Text, Is.EqualTo("outer"));
        Assert.That((await GetAsync("/api-docs")).Text, Is.EqualTo("outer"));
        Assert.That((await GetAsync("/api")).Text, Is.EqualTo("outer api"));
        Assert.That((await GetAsync("/api/")).Text, Is.EqualTo("outer api"));
        Assert.That((await GetAsync("/api/users/7")).Text, Is.EqualTo("outer api id=7"));
        Assert.That((await AskAsync("POST /api/2/things HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")).Text, Is.EqualTo("outer api versioned version=2"));
        RawHttpResponse refused = await GetAsync("/api/2/things");
        Assert.That((refused.StatusCode, refused["Allow"]), Is.EqualTo((405, "OPTIONS, POST")));
        Assert.That((await GetAsync("/api/none")).StatusCode, Is.EqualTo(404));
    }

    [Test]
    public async Task An_application_is_served_by_itself_or_under_a_prefix_with_its_own_fallback()
    {
        static void Map(HttpServer app) => app
            .Use(Mark("app"))
            .MapGet("/", static context => context.Response.WriteAsync("home"))
            .MapFallback(static context =>
            {
                context.Response.StatusCode = 404;
                return context.Response.WriteAsync($"not in this app: {context.Items["marks"]}");
            });

        await StartAsync(server => server.MapGroup("/app", Map));
        Assert.That((await GetAsync("/app/")).Text, Is.EqualTo("home"));
        foreach (string target in new[] { "/app", "/app/x", "/app/x/y" })
        {
            RawHttpResponse missed = await GetAsync(target);
            Assert.That((missed.StatusCode, missed.Text), Is.EqualTo((404, "not in this app: app")), target);
        }

        Assert.That((await GetAsync("/apple")).Text, Is.EqualTo("Not Found\n"));
        await StopAsync();
        await StartAsync(Map);
        Assert.That((await GetAsync("/")).Text, Is.EqualTo("home"));
        Assert.That((await GetAsync("/x")).Text, Is.EqualTo("not in this app: app"));
    }

    [Test]
    public void A_500_keeps_the_fields_that_the_middleware_of_a_group_set()
    {
        string answer = Dialogue.Ask("GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n", static server => server.MapGroup("/api", static api => api.Use(static (context, next) =>
        {
            context.Response.Headers.Set("Access-Control-Allow-Origin", "https://example.org");
            return next(context);
        }).MapGet("/x", static context =>
        {
            context.Response.Headers.Set("X-Secret", "1");
            throw new InvalidOperationException("x");
        })));
        Assert.That(answer, Does.StartWith("HTTP/1.1 500 ").And.Contain("Access-Control-Allow-Origin: https://example.org\r\n").And.Not.Contain("X-Secret"));
    }

    [Test]
    public async Task A_group_is_part_of_its_server_and_not_one_to_start()
    {
        HttpServer? group = null;
        await StartAsync(server => server.MapGroup("/g", inner => group = inner));
        Assert.That(group!.EndPoint, Is.EqualTo(Server.EndPoint));
        Assert.That(() => group.MapGet("/late", Show), Throws.InvalidOperationException);
        Assert.That(async () => await group.StartAsync(), Throws.InvalidOperationException);
        await using var another = new HttpServer(new HttpServerOptions());
        Assert.That(() => another.MapGroup("x", static _ => { }), Throws.ArgumentException);
        Assert.That(() => another.MapGroup("/x/", static _ => { }), Throws.ArgumentException);
        Assert.That(() => another.MapGroup("/x", static inner => inner.MapGet("y", Show)), Throws.ArgumentException);
    }

    private static HttpMiddleware Mark(string mark) => (context, next) =>
    {
        context.Items["marks"] = context.Items.TryGetValue("marks", out object? marks) ? $"{marks} {mark}" : mark;
        return next(context);
    };

    private static ValueTask Show(HttpContext context)
    {
        string parameters = string.Concat(new[] { "id", "version" }.Where(name => context.RouteParameters[name] is not null).Select(name => $" {name}={context.RouteParameters[name]}"));
        return context.Response.WriteAsync($"{context.Items["marks"]}{parameters}");
    }
}
