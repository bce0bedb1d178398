using Engine.TestKit;

namespace Engine.Http1.Tests;

public sealed class CorsTests(TransportKind transport) : OverSockets(transport)
{
    private const string Preflight = "OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: https://good.org\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-one, x-two\r\n\r\n";

    private Task ServeAsync(CorsPolicy policy) => StartAsync(server => server
        .Use(Cors.Create(policy))
        .Use(static (context, next) =>
        {
            if (context.Request.Headers.Contains("X-Refuse"))
            {
                context.Response.StatusCode = 401;
                return context.Response.WriteAsync("no");
            }

            return next(context);
        })
        .MapGet("/x", static context => context.Response.WriteAsync("x"))
        .Map("OPTIONS", "/own", static context => context.Response.WriteAsync("own")));

    private static CorsPolicy Named(bool credentials = false)
    {
        var policy = new CorsPolicy { AllowCredentials = credentials, AllowOrigin = static origin => origin.EndsWith(".good.org", StringComparison.Ordinal) };
        policy.Origins.Add("https://good.org");
        return policy;
    }

    [TestCase("https://good.org", "https://good.org")]
    [TestCase("HTTPS://GOOD.ORG", "HTTPS://GOOD.ORG")]
    [TestCase("https://sub.good.org", "https://sub.good.org")]
    [TestCase("https://good.org.evil.org", null)]
    [TestCase("http://good.org", null)]
    [TestCase("null", null)]
    [TestCase(null, null)]
    public async Task A_listed_origin_may_read_and_caches_are_told_that_it_matters(string? origin, string? allowed)
    {
        await ServeAsync(Named());
        RawHttpResponse response = await GetAsync("/x", origin is null ? "" : $"Origin: {origin}\r\n");
        Assert.That((response.StatusCode, response.Text), Is.EqualTo((200, "x")));
        Assert.That((response["Access-Control-Allow-Origin"], response["Access-Control-Allow-Credentials"], response["Vary"]), Is.EqualTo((allowed, (string?)null, "Origin")));
    }

    [Test]
    public async Task A_preflight_is_answered_before_anything_that_refuses()
    {
        await ServeAsync(Named(credentials: true));
        RawHttpResponse response = await AskAsync(Preflight.Replace("Host: a", "Host: a\r\nX-Refuse: 1"));
        Assert.That(response.StatusCode, Is.EqualTo(204));
        Assert.That(
            (response["Access-Control-Allow-Origin"], response["Access-Control-Allow-Credentials"], response["Access-Control-Allow-Methods"], response["Access-Control-Allow-Headers"], response["Access-Control-Max-Age"]),
            Is.EqualTo(("https://good.org", "true", "PUT", "x-one, x-two", "600")));
        Assert.That(response.Fields.Where(static field => field.Key == "Vary").Select(static field => field.Value), Is.EqualTo(new[] { "Origin", "Access-Control-Request-Method, Access-Control-Request-Headers" }));
    }

    [Test]
    public async Task A_policy_that_lists_says_what_it_lists()
    {
        CorsPolicy policy = Named();
        policy.Methods.Clear();
        policy.Methods.Add("PATCH");
        policy.Headers.Clear();
        policy.Headers.Add("X-Token");
        policy.ExposedHeaders.Add("ETag");
        policy.PreflightMaxAge = TimeSpan.Zero;
        await ServeAsync(policy);
        RawHttpResponse response = await AskAsync(Preflight);
        Assert.That((response["Access-Control-Allow-Methods"], response["Access-Control-Allow-Headers"], response["Access-Control-Max-Age"]), Is.EqualTo(("PATCH", "X-Token", (string?)null)));
        Assert.That((await GetAsync("/x", "Origin: https://good.org\r\n"))["Access-Control-Expose-Headers"], Is.EqualTo("ETag"));
    }

    [Test]
    public async Task A_preflight_of_another_origin_is_403_and_allows_nothing()
    {
        await ServeAsync(Named());
        RawHttpResponse response = await AskAsync(Preflight.Replace("https://good.org", "https://evil.org"));
        Assert.That((response.StatusCode, response["Access-Control-Allow-Origin"], response["Access-Control-Allow-Methods"]), Is.EqualTo((403, (string?)null, (string?)null)));
    }

    [Test]
    public async Task All_origins_are_a_star_and_the_response_is_the_same_for_all()
    {
        var policy = new CorsPolicy { AppliesTo = static context => context.Request.Path != "/own" };
        policy.Origins.Add("*");
        await ServeAsync(policy);
        RawHttpResponse response = await GetAsync("/x", "Origin: https://any.org\r\n");
        Assert.That((response["Access-Control-Allow-Origin"], response["Vary"]), Is.EqualTo(("*", (string?)null)));
        Assert.That((await AskAsync(Preflight.Replace("/x", "/own"))).Text, Is.EqualTo("own"));
    }

    [Test]
    public async Task OPTIONS_that_is_no_preflight_is_the_handlers_and_what_is_no_token_is_not_repeated()
    {
        await ServeAsync(Named());
        Assert.That((await AskAsync("OPTIONS /own HTTP/1.1\r\nHost: a\r\nOrigin: https://good.org\r\n\r\n")).Text, Is.EqualTo("own"));
        RawHttpResponse response = await AskAsync(Preflight.Replace("x-one, x-two", "x-one, \"<script>"));
        Assert.That((response.StatusCode, response["Access-Control-Allow-Headers"]), Is.EqualTo((204, (string?)null)));
    }

    [Test]
    public void A_policy_that_makes_no_sense_is_refused()
    {
        Assert.That(() => Cors.Create(With("*", credentials: true)), Throws.ArgumentException);
        Assert.That(() => Cors.Create(With("https://a.org/", credentials: false)), Throws.ArgumentException);
        Assert.That(() => Cors.Create(With("a.org", credentials: false)), Throws.ArgumentException);
        Assert.That(() => Cors.Create(With("https://user@a.org", credentials: false)), Throws.ArgumentException);
        Assert.That(() => Cors.Create(With("http://localhost:3000", credentials: true)), Throws.Nothing);
        CorsPolicy broken = Named();
        broken.ExposedHeaders.Add("a b");
        Assert.That(() => Cors.Create(broken), Throws.ArgumentException);

        static CorsPolicy With(string origin, bool credentials)
        {
            var policy = new CorsPolicy { AllowCredentials = credentials };
            policy.Origins.Add(origin);
            return policy;
        }
    }
}
