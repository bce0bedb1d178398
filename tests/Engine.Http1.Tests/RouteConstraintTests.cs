namespace Engine.Http1.Tests;

/// <summary>Patterns do what they say, or are refused when they are mapped.</summary>
public sealed class RouteConstraintTests
{
    [TestCase("/{id?}")]
    [TestCase("/{x=1}")]
    [TestCase("/{x:int?}")]
    [TestCase("/{x:regex(a)}")]
    [TestCase("/{x:}")]
    [TestCase("/{:int}")]
    [TestCase("/{*rest:int}")]
    [TestCase("/f/*")]
    [TestCase("/f/**")]
    public void A_pattern_that_would_not_do_what_it_says_is_refused_when_it_is_mapped(string pattern)
        => Assert.That(() => new HttpServer(new HttpServerOptions()).MapGet(pattern, static _ => default), Throws.ArgumentException.With.Message.Contains(pattern));

    [TestCase("/5", "int 5")]
    [TestCase("/-5", "int -5")]
    [TestCase("/5000000000", "long 5000000000")]
    [TestCase("/99999999999999999999", "any 99999999999999999999")]
    [TestCase("/5x", "any 5x")]
    [TestCase("/0f8fad5b-d9cb-469f-a165-70867728950e", "guid 0f8fad5b-d9cb-469f-a165-70867728950e")]
    [TestCase("/me", "literal")]
    public void A_value_takes_the_route_whose_constraint_it_meets(string path, string answer)
        => Assert.That(Ask("GET", path), Does.StartWith("HTTP/1.1 200 ").And.EndWith(answer));

    [Test]
    public void A_value_that_meets_no_constraint_is_not_found_and_other_methods_are_not_allowed()
    {
        static void Map(HttpServer server) => server.MapGet("/n/{id:int}", static context => context.Response.WriteAsync(context.RouteParameters["id"]!));
        Assert.That(Dialogue.Ask("GET /n/x HTTP/1.1\r\nHost: a\r\n\r\n", Map), Does.StartWith("HTTP/1.1 404 "));
        Assert.That(Dialogue.Ask("GET /n/ HTTP/1.1\r\nHost: a\r\n\r\n", Map), Does.StartWith("HTTP/1.1 404 "));
        Assert.That(Dialogue.Ask("POST /n/1 HTTP/1.1\r\nHost: a\r\n\r\n", Map), Does.StartWith("HTTP/1.1 405 "));
    }

    [Test]
    public void Two_patterns_that_differ_in_their_names_alone_conflict_and_two_constraints_do_not()
    {
        HttpServer server = new HttpServer(new HttpServerOptions()).MapGet("/{a:int}", static _ => default).MapGet("/{a:long}", static _ => default);
        Assert.That(() => server.MapGet("/{b:int}", static _ => default), Throws.InvalidOperationException);
    }

    private static string Ask(string method, string path) => Dialogue.Ask($"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n", static server =>
    {
        server.MapGet("/me", static context => context.Response.WriteAsync("literal"));
        server.MapGet("/{id}", static context => context.Response.WriteAsync("any " + context.RouteParameters["id"]));
        foreach (string name in (string[])["int", "long", "guid"])
        {
            server.MapGet($"/{{id:{name}}}", context => context.Response.WriteAsync($"{name} {context.RouteParameters["id"]}"));
        }
    });
}
