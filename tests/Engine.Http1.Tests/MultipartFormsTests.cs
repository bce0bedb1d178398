using System.Net;
using System.Security.Cryptography;
using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Forms of parts as clients send them.</summary>
public sealed class MultipartFormsTests(TransportKind transport) : OverSockets(transport)
{
    private Task ServeAsync(long maxBody = 30_000_000) => StartAsync(
        static server => server.MapPost("/", static async context =>
        {
            using MultipartReader form = context.Request.OpenMultipart(new MultipartLimits { MaxPartBytes = 1L << 30 });
            var answer = new StringBuilder();
            while (await form.ReadPartAsync() is { } part)
            {
                answer.Append(part.FileName is null
                    ? $"{part.Name}={await part.ReadTextAsync(maxBytes: 1000)};"
                    : $"{part.Name}:{part.FileName}:{part.ContentType}:{Convert.ToHexStringLower(await SHA256.HashDataAsync(part.Body))};");
            }

            await context.Response.WriteAsync(answer.ToString());
        }),
        options => options.Limits.MaxRequestBodySize = maxBody);

    [Test]
    public async Task Curl_sends_fields_and_files()
    {
        await ServeAsync();
        string path = Path.GetTempFileName();
        byte[] content = RandomNumberGenerator.GetBytes(3_000_000);
        await File.WriteAllBytesAsync(path, content);
        try
        {
            (int exitCode, string output, string error) = await ChildProcess.RunAsync(
                "curl",
                ["-s", "--fail", "--max-time", "30", "-F", "title=Grüße, \"Welt\"", "-F", $"file=@{path};filename=\"a\\\"b.bin\"", "-F", "empty=", $"{Address("/")}"],
                TimeSpan.FromSeconds(40));
            Assert.That(
                (exitCode, output),
                Is.EqualTo((0, $"title=Grüße, \"Welt\";file:a\"b.bin:application/octet-stream:{Convert.ToHexStringLower(SHA256.HashData(content))};empty=;")),
                error);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public async Task HttpClient_sends_fields_and_files()
    {
        await ServeAsync();
        using var client = new HttpClient();
        using var form = new MultipartFormDataContent
        {
            { new StringContent("1"), "one" },
            { new ByteArrayContent([1, 2, 3]), "file", "x.bin" },
        };
        using HttpResponseMessage response = await client.PostAsync(Address("/"), form);
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo($"one=1;file:x.bin::{Convert.ToHexStringLower(SHA256.HashData([1, 2, 3]))};"));
    }

    [Test]
    public async Task Two_hundred_megabytes_pass_in_constant_memory()
    {
        const int Megabytes = 200;
        await ServeAsync(maxBody: 1L << 30);
        await using RawClient client = await ConnectAsync();
        byte[] piece = RandomNumberGenerator.GetBytes(1 << 20);
        const string Begin = "--b\r\nContent-Disposition: form-data; name=file; filename=big\r\n\r\n";
        const string End = "\r\n--b--\r\n";
        await client.SendAsync(
            $"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {Begin.Length + End.Length + (Megabytes * (long)piece.Length)}\r\n\r\n{Begin}");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long before = GC.GetTotalAllocatedBytes();
        for (int i = 0; i < Megabytes; i++)
        {
            await client.SendAsync(piece);
            hash.AppendData(piece);
        }

        await client.SendAsync(End);
        RawHttpResponse response = await client.ReadResponseAsync();
        Assert.That(response.Text, Is.EqualTo($"file:big::{Convert.ToHexStringLower(hash.GetHashAndReset())};"));

        // Not even as much as a tenth of the body was ever allocated, so nothing of that size can have been held.
        Assert.That(GC.GetTotalAllocatedBytes() - before, Is.LessThan(Megabytes / 10L << 20));
    }

    [TestCase("text/plain", 415)]
    [TestCase("multipart/mixed; boundary=b", 415)]
    [TestCase("multipart/form-data", 400)]
    [TestCase("multipart/form-data; boundary=b", 400)]
    [TestCase("multipart/form-data; boundary=c", 400)]
    public async Task What_is_no_such_form_is_refused_with_its_status(string type, int status)
    {
        await ServeAsync();
        RawHttpResponse response = await AskAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {type}\r\nContent-Length: 11\r\n\r\n--b\r\n\r\nx\r\n--");
        Assert.That(response.StatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task A_client_that_leaves_within_a_part_harms_nobody()
    {
        await ServeAsync();
        await using (RawClient client = await ConnectAsync())
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx");
            client.Reset();
        }

        using var form = new MultipartFormDataContent { { new StringContent("1"), "one" } };
        using var http = new HttpClient();
        using HttpResponseMessage response = await http.PostAsync(Address("/"), form);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }
}
