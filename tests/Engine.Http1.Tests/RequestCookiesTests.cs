using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Cookies on their way there and back.</summary>
public sealed class RequestCookiesTests(TransportKind transport) : OverSockets(transport)
{
    [TestCase("Cookie: a=1; b=2\r\n", "a=1|b=2")]
    [TestCase("cookie: a=1;b=2;\r\nCookie: c=\"x y\"\r\n", "a=1|b=2|c=\"x y\"")]
    [TestCase("Cookie: ;; a = 1 ; =2; lonely; b=;c=d=e,f\r\n", "a=1|b=|c=d=e,f")]
    [TestCase("Cookie: a=1; a=2\r\n", "a=1|a=2")]
    [TestCase("Cookie: é=\xff\r\n", "é=\xff")]
    [TestCase("Cookie: \r\nX: a=1\r\n", "")]
    [TestCase("", "")]
    public async Task RFC_6265_5_4_cookies_are_read_leniently(string fields, string expected)
    {
        await StartAsync(static server => server.MapGet("/", static context =>
        {
            var pairs = new List<string>();
            foreach (RequestCookies.Pair pair in context.Request.Cookies)
            {
                pairs.Add($"{Encoding.Latin1.GetString(pair.Name)}={Encoding.Latin1.GetString(pair.Value)}");
            }

            Assert.That(context.Request.Cookies["A"], Is.Null);
            Assert.That(context.Request.Cookies["a"], Is.EqualTo(context.Request.GetCookie("a")));
            return context.Response.WriteAsync(Encoding.Latin1.GetBytes(string.Join('|', pairs)));
        }));
        Assert.That(Encoding.Latin1.GetString((await GetAsync("/", fields)).Body), Is.EqualTo(expected));
    }

    [Test]
    public async Task Curl_keeps_what_is_set_and_forgets_what_is_deleted()
    {
        await StartAsync(static server => server
            .MapGet("/in", static context =>
            {
                context.Response.AppendCookie("one", "1", new CookieAttributes { Secure = false });
                context.Response.AppendCookie("two", "2", new CookieAttributes { Secure = false, MaxAge = TimeSpan.FromHours(1) });
                return default;
            })
            .MapGet("/out", static context =>
            {
                context.Response.DeleteCookie("one", new CookieAttributes { Secure = false });
                return default;
            })
            .MapGet("/show", static context => context.Response.WriteAsync($"[{context.Request.Cookies["one"]} {context.Request.Cookies["two"]}]")));
        (int exitCode, string output, string error) = await ChildProcess.RunAsync(
            "curl", ["-s", "--fail", "--max-time", "30", "-c", "/dev/null", "-b", "", $"{Address("/in")}", $"{Address("/show")}", $"{Address("/out")}", $"{Address("/show")}"], TimeSpan.FromSeconds(40));
        Assert.That((exitCode, output), Is.EqualTo((0, "[1 2][ 2]")), error);
    }
}
