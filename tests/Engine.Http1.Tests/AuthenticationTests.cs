using System.Security.Claims;
using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Basic and bearer authentication over sockets.</summary>
public sealed class AuthenticationTests(TransportKind transport) : OverSockets(transport)
{
    private Task ServeBasicAsync() => StartAsync(static server => server
        .Use(BasicAuthentication.Create("the \"realm\"", static async (_, user, password) =>
        {
            await Task.Yield();
            return SecretComparison.AreEqual(password, "geheim: ä") & SecretComparison.AreEqual(user, "jö") ? Principal(user) : null;
        }))
        .MapGet("/", static context => context.Response.WriteAsync(context.GetUser()!.Identity!.Name!)));

    private Task ServeBearerAsync() => StartAsync(static server => server
        .Use(BearerAuthentication.Create("api", static (_, token) => ValueTask.FromResult(SecretComparison.AreEqual(token, "good.token==") ? Principal("robot") : null)))
        .MapGet("/", static context => context.Response.WriteAsync(context.GetUser()!.Identity!.Name!)));

    private static ClaimsPrincipal Principal(string name) => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], "test"));

    [TestCase("jö:geheim: ä", 200)]
    [TestCase("jö:geheim", 401)]
    [TestCase("jo:geheim: ä", 401)]
    [TestCase("jö", 401)]
    [TestCase(":", 401)]
    [TestCase("jö:geheim: ä\n", 401)]
    [TestCase("", 401)]
    public async Task RFC_7617_a_name_and_a_password_are_asked_for(string pair, int status)
    {
        await ServeBasicAsync();
        RawHttpResponse response = await GetAsync("/", $"Authorization: bAsIc {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))}\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(status));
        Assert.That(status == 200 ? response.Text : response["WWW-Authenticate"], Is.EqualTo(status == 200 ? "jö" : "Basic realm=\"the \\\"realm\\\"\", charset=\"UTF-8\""));
    }

    [TestCase("")]
    [TestCase("Authorization: Basic\r\n")]
    [TestCase("Authorization: Basic !!!!\r\n")]
    [TestCase("Authorization: Basic ajo=x\r\n")]
    [TestCase("Authorization: Basic /////w==\r\n")]
    [TestCase("Authorization: Bearer abc\r\n")]
    [TestCase("Authorization: Basic asO2OmdlaGVpbTogw6Q=\r\nAuthorization: Basic eDp5\r\n")]
    public async Task What_is_missing_or_malformed_is_401_with_a_challenge(string fields)
    {
        await ServeBasicAsync();
        RawHttpResponse response = await GetAsync("/", fields);
        Assert.That((response.StatusCode, response["WWW-Authenticate"]?[..5]), Is.EqualTo((401, "Basic")));
    }

    [Test]
    public async Task Curl_sends_a_name_and_a_password()
    {
        await ServeBasicAsync();
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("curl", ["-s", "--fail", "--max-time", "30", "-u", "jö:geheim: ä", $"{Address("/")}"], TimeSpan.FromSeconds(40));
        Assert.That((exitCode, output), Is.EqualTo((0, "jö")), error);
    }

    [TestCase("Authorization: Bearer good.token==\r\n", 200, null)]
    [TestCase("Authorization: bearer good.token==\r\n", 200, null)]
    [TestCase("Authorization: Bearer good.token=\r\n", 401, "Bearer realm=\"api\", error=\"invalid_token\"")]
    [TestCase("Authorization: Bearer a b\r\n", 400, "Bearer realm=\"api\", error=\"invalid_request\"")]
    [TestCase("Authorization: Bearer \r\n", 400, "Bearer realm=\"api\", error=\"invalid_request\"")]
    [TestCase("Authorization: Bearer a\"b\r\n", 400, "Bearer realm=\"api\", error=\"invalid_request\"")]
    [TestCase("Authorization: Bearer x\r\nAuthorization: Bearer y\r\n", 400, "Bearer realm=\"api\", error=\"invalid_request\"")]
    [TestCase("Authorization: Basic eDp5\r\n", 401, "Bearer realm=\"api\"")]
    [TestCase("", 401, "Bearer realm=\"api\"")]
    public async Task RFC_6750_3_1_a_token_is_taken_or_refused_with_its_reason(string fields, int status, string? challenge)
    {
        await ServeBearerAsync();
        RawHttpResponse response = await GetAsync("/", fields);
        Assert.That((response.StatusCode, response["WWW-Authenticate"]), Is.EqualTo((status, challenge)));
    }

    [TestCase("abc", "abc", true)]
    [TestCase("abc", "abd", false)]
    [TestCase("abc", "abcd", false)]
    [TestCase("", "", true)]
    [TestCase("", "a", false)]
    [TestCase("ä", "ä", true)]
    public void Secrets_are_compared(string presented, string expected, bool areEqual)
    {
        Assert.That(SecretComparison.AreEqual(presented, expected), Is.EqualTo(areEqual));
        Assert.That(SecretComparison.AreEqual(Encoding.UTF8.GetBytes(presented), Encoding.UTF8.GetBytes(expected)), Is.EqualTo(areEqual));
    }
}
