using System.Net;
using System.Security.Cryptography;
using System.Text;
using Engine.Http1;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>A page of one origin and an API of another: what the browser makes of CORS, cookies, forms and codings.</summary>
public sealed class ChromiumContentTests(TransportKind transport) : InProcess(transport)
{
    [Test]
    public async Task A_page_of_another_origin_sends_a_form_with_its_cookie_and_reads_a_compressed_answer()
    {
        var cors = new CorsPolicy { AllowCredentials = true };
        await using var pages = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) });
        pages.MapGet("/", static context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<p>page</p>");
        });
        await pages.StartAsync();
        cors.Origins.Add($"http://{pages.EndPoint}");
        await StartAsync(server => server
            .Use(Cors.Create(cors))
            .Use(ResponseCompression.Create())
            .MapPost("/login", static context =>
            {
                context.Response.AppendCookie("session", "s3cret", new CookieAttributes { Secure = false });
                return default;
            })
            .Map("PUT", "/files", static async context =>
            {
                using MultipartReader form = context.Request.OpenMultipart();
                var answer = new StringBuilder($"{context.Request.Cookies["session"]} {context.Request.Headers["X-Token"]};");
                while (await form.ReadPartAsync() is { } part)
                {
                    answer.Append(part.FileName is null ? $"{part.Name}={await part.ReadTextAsync()};" : $"{part.FileName}:{Convert.ToHexStringLower(await SHA256.HashDataAsync(part.Body))};");
                }

                await context.Response.WriteAsync(answer.ToString() + new string('.', 2000));
            }));
        await using Chromium browser = await Chromium.LaunchAsync();
        IPage page = await browser.NewPageAsync();
        await page.GotoAsync($"http://{pages.EndPoint}/");
        string seen = await page.EvaluateAsync<string>(Script, $"http://{EndPoint}").WaitAsync(TestContext.CurrentContext.CancellationToken);
        string hash = Convert.ToHexStringLower(SHA256.HashData([.. Enumerable.Range(0, 500_000).Select(static i => (byte)(i % 251))]));
        Assert.That(seen.TrimEnd('.'), Is.EqualTo($"s3cret t0ken;a\"b=line one\r\nline two;ä\"\\.bin:{hash};"));

        // The same from an origin that is not listed: the browser lets nothing through.
        await page.GotoAsync($"http://localhost:{((IPEndPoint)pages.EndPoint).Port}/");
        Assert.That(async () => await page.EvaluateAsync<string>(Script, $"http://{EndPoint}"), Throws.InstanceOf<PlaywrightException>().With.Message.Contains("Failed to fetch"));
    }

    private const string Script =
        """
        async api => {
          await fetch(`${api}/login`, { method: 'POST', credentials: 'include' });
          const form = new FormData();
          form.append('a"b', 'line one\nline two');
          form.append('file', new Blob([new Uint8Array(500000).map((_, index) => index % 251)]), 'ä"\\.bin');
          const response = await fetch(`${api}/files`, { method: 'PUT', body: form, credentials: 'include', headers: { 'X-Token': 't0ken' } });
          return await response.text();
        }
        """;
}
