namespace Engine.Http1.Tests;

/// <summary>Which handler a path and a method reach.</summary>
public sealed class RouterTests
{
    [TestCase("/", "root")]
    [TestCase("/a", "a")]
    [TestCase("/a/", "a/")]
    [TestCase("/users/me", "me")]
    [TestCase("/users/7", "user 7")]
    [TestCase("/users/7/posts/9", "post 7 9")]
    [TestCase("/users/me/posts/9", "post me 9")]
    [TestCase("/files/x/y/z", "files x/y/z")]
    [TestCase("/files/", "files ")]
    [TestCase("/users/J%C3%BCrgen%20B", "user Jürgen B")]
    [TestCase("/users/a%2Fb", "user a%2Fb")]
    [TestCase("/users/x/../7", "user 7")]
    [TestCase("/../../users/./7", "user 7")]
    [TestCase("/users/%2e%2e/a", "a")]
    [TestCase("/a?x=1", "a")]
    [TestCase("http://example.com/users/7", "user 7")]
    [TestCase("http://example.com?x", "root")]
    public void Path_reaches_the_most_literal_pattern(string target, string expected)
        => Assert.That(System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(Ask("GET", target))), Does.EndWith($"\r\n\r\n{expected}"));

    [TestCase("/users/", "404")]
    [TestCase("/nothing", "404")]
    [TestCase("/A", "404")]
    [TestCase("/users/7/posts", "404")]
    public void Unknown_path_is_not_found(string target, string status) => Assert.That(Ask("GET", target), Does.StartWith($"HTTP/1.1 {status} "));

    [Test]
    public void RFC_9110_15_5_6_a_method_that_the_path_does_not_know_is_answered_with_405_and_Allow()
        => Assert.That(Ask("DELETE", "/a"), Does.StartWith("HTTP/1.1 405 ").And.Contain("Allow: GET, HEAD, OPTIONS, POST\r\n"));

    [Test]
    public void RFC_9110_9_3_7_OPTIONS_is_answered_for_a_path_and_for_the_server()
    {
        Assert.That(Ask("OPTIONS", "/a"), Does.StartWith("HTTP/1.1 204 ").And.Contain("Allow: GET, HEAD, OPTIONS, POST\r\n"));
        Assert.That(Ask("OPTIONS", "*"), Does.StartWith("HTTP/1.1 204 ").And.Contain("Allow: "));
    }

    [Test]
    public void A_method_of_a_less_literal_pattern_is_found_behind_a_more_literal_one()
        => Assert.That(Ask("PUT", "/users/me"), Does.EndWith("put me"));

    [TestCase("GET", "/a")]
    [TestCase("GET", "/users/{other}")]
    [TestCase("GET", "/files/{*all}")]
    public void Routes_that_conflict_are_refused_when_they_are_mapped(string method, string pattern)
    {
        var server = new HttpServer(new HttpServerOptions());
        Map(server);
        Assert.That(() => server.Map(method, pattern, static _ => default), Throws.InvalidOperationException);
    }

    [TestCase("a")]
    [TestCase("/{}")]
    [TestCase("/{a}{b}")]
    [TestCase("/x{a}")]
    [TestCase("/{*a}/b")]
    [TestCase("/{a}/{a}")]
    public void Malformed_patterns_are_refused(string pattern)
        => Assert.That(() => new HttpServer(new HttpServerOptions()).MapGet(pattern, static _ => default), Throws.ArgumentException);

    [Test]
    public void Middleware_runs_around_every_request_in_order_and_knows_its_kind()
    {
        var seen = new List<string>();
        string answer = Dialogue.Ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /events HTTP/1.1\r\nHost: a\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\nGET /secret HTTP/1.1\r\nHost: a\r\n\r\n", server =>
        {
            Map(server);
            server.Map("GET", "/events", static context => context.Response.WriteAsync("e"), RouteKind.ServerSentEvents);
            server.Use((context, next) =>
            {
                seen.Add($"outer {context.RouteKind}");
                return next(context);
            });
            server.Use((context, next) =>
            {
                seen.Add($"inner {context.Request.Path}");
                if (context.Request.Path != "/secret")
                {
                    return next(context);
                }

                context.Response.StatusCode = 401;
                return default;
            });
        });
        Assert.That(seen, Is.EqualTo((string[])["outer Http", "inner /a", "outer ServerSentEvents", "inner /events", "outer None", "inner /no", "outer None", "inner /secret"]));
        Assert.That(answer, Does.Contain("HTTP/1.1 404 ").And.Contain("HTTP/1.1 401 "));
    }

    [Test]
    public void The_fallback_takes_what_no_route_does()
        => Assert.That(Dialogue.Ask("GET /no HTTP/1.1\r\nHost: a\r\n\r\n", static server => server.MapFallback(static context => context.Response.WriteAsync("fallback"))), Does.EndWith("fallback"));

    [Test]
    public void Queries_cookies_and_forms_are_read()
    {
        string answer = Dialogue.Ask(
            "POST /?a=1%202&b&c=x+y HTTP/1.1\r\nHost: a\r\nCookie: one=1; two=2\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: 16\r\n\r\nname=J%C3%BC&x=y",
            static server => server.MapPost("/", static async context =>
            {
                FormFields form = (await context.Request.ReadFormAsync())!;
                HttpRequest request = context.Request;
                await context.Response.WriteAsync($"{request.GetQueryValue("a")}|{request.GetQueryValue("b")}|{request.GetQueryValue("c")}|{request.GetQueryValue("d") ?? "null"}|{request.GetCookie("two")}|{request.GetCookie("three") ?? "null"}|{form["name"]}|{form["x"]}");
            }));
        Assert.That(System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(answer)), Does.EndWith("1 2||x y|null|2|null|Jü|y"));
    }

    [Test]
    public void All_values_of_a_query_parameter_come_in_their_order()
    {
        string answer = Dialogue.Ask(
            "GET /?a=1&b=2&a=x+y&a&%61=%C3%BC HTTP/1.1\r\nHost: a\r\n\r\n",
            static server => server.MapGet("/", static context => context.Response.WriteAsync(
                string.Join('|', context.Request.GetQueryValues("a")) + context.Request.GetQueryValues("c").Count)));
        Assert.That(System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(answer)), Does.EndWith("1|x y||ü0"));
    }

    [Test]
    public void What_a_handler_leaves_in_an_AsyncLocal_is_not_seen_by_the_next_request_of_its_connection()
    {
        var user = new AsyncLocal<string?>();
        string answers = Dialogue.Ask(
            "GET /alice HTTP/1.1\r\nHost: a\r\n\r\nGET /bob HTTP/1.1\r\nHost: a\r\n\r\n",
            server => server.MapGet("/{name}", context =>
            {
                string seen = user.Value ?? "nobody";
                user.Value = context.Request.Path;
                return context.Response.WriteAsync(seen + "\n");
            }));
        Assert.That(answers, Does.Not.Contain("alice"));
        Assert.That(answers.Split("nobody"), Has.Length.EqualTo(3), "both were answered");
    }

    private static string Ask(string method, string target) => Dialogue.Ask($"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n", Map);

    private static void Map(HttpServer server)
    {
        static HttpHandler Say(string text) => context => context.Response.WriteAsync(text);
        server.MapGet("/", Say("root"));
        server.MapGet("/a", Say("a"));
        server.MapPost("/a", Say("post a"));
        server.MapGet("/a/", Say("a/"));
        server.MapGet("/users/me", Say("me"));
        server.MapGet("/users/{id}", static context => context.Response.WriteAsync($"user {context.RouteParameters["id"]}"));
        server.MapPut("/users/{id}", static context => context.Response.WriteAsync($"put {context.RouteParameters["id"]}"));
        server.MapGet("/users/{id}/posts/{post}", static context => context.Response.WriteAsync($"post {context.RouteParameters["id"]} {context.RouteParameters["post"]}"));
        server.MapGet("/files/{*path}", static context => context.Response.WriteAsync($"files {context.RouteParameters["path"]}"));
    }
}
