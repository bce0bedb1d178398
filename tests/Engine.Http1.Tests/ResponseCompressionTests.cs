using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

public sealed class ResponseCompressionTests(TransportKind transport) : OverSockets(transport)
{
    private static readonly string Long = string.Concat(Enumerable.Range(0, 2000).Select(static i => $"line {i}\n"));
    private static readonly byte[] Noise = RandomNumberGenerator.GetBytes(3_000_000);

    private readonly SemaphoreSlim _go = new(0);

    [OneTimeTearDown]
    public void Free() => _go.Dispose();

    private Task ServeAsync(ResponseCompressionOptions? options = null, HandlerScheduling scheduling = HandlerScheduling.EventLoop) => StartAsync(
        server => server
            .Use(ResponseCompression.Create(options))
            .MapGet("/long", static context =>
            {
                context.Response.Headers.Set("ETag", "\"1\"");
                context.Response.Headers.Set("Accept-Ranges", "bytes");
                return context.Response.WriteAsync(Long);
            })
            .MapGet("/short", static context => context.Response.WriteAsync("short"))
            .MapGet("/declared", static async context =>
            {
                context.Response.ContentType = "application/json";
                context.Response.ContentLength = Long.Length;
                await context.Response.WriteAsync(Encoding.ASCII.GetBytes(Long));
            })
            .MapGet("/cut", static async context =>
            {
                context.Response.ContentType = "application/json";
                context.Response.ContentLength = Long.Length + 1;
                await context.Response.WriteAsync(Encoding.ASCII.GetBytes(Long));
            })
            .MapGet("/noise", static async context =>
            {
                context.Response.ContentType = "text/plain";
                await context.Response.WriteAsync(Noise);
                Noise.CopyTo(context.Response.BodyWriter.GetSpan(Noise.Length));
                context.Response.BodyWriter.Advance(Noise.Length);
                await context.Response.BodyWriter.FlushAsync();
                await context.Response.Body.WriteAsync(Noise.AsMemory(0, 10));
            })
            .MapGet("/live", async context =>
            {
                context.Response.ContentType = "text/plain";
                await context.Response.WriteAsync("first\n");
                await context.Response.FlushAsync();
                await _go.WaitAsync();
                await context.Response.WriteAsync("second\n");
            })
            .MapGet("/events", static async context =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync("data: 1\n\n");
                await context.Response.FlushAsync();
            })
            .MapGet("/stream", static async context =>
            {
                context.Response.ContentType = "text/plain";
                await context.Response.StartStream().SendAsync(Encoding.ASCII.GetBytes(Long));
            })
            .MapGet("/fields", static context =>
            {
                foreach (string pair in context.Request.Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
                {
                    string[] parts = Uri.UnescapeDataString(pair).Split(':');
                    if (parts[0] == "Status")
                    {
                        context.Response.StatusCode = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
                    }
                    else
                    {
                        context.Response.Headers.Append(parts[0], parts[1]);
                    }
                }

                context.Response.ContentType ??= "text/plain";
                return context.Response.WriteAsync(Encoding.ASCII.GetBytes(Long));
            })
            .MapGet("/fails", static _ => throw new InvalidOperationException(Long)),
        configure => configure.HandlerScheduling = scheduling);

    [Test]
    public async Task A_client_gets_the_coding_that_it_prefers([Values("gzip", "br", "gzip;q=0.5, br;q=0.4")] string accepted, [Values("/long", "/declared")] string target)
    {
        await ServeAsync();
        RawHttpResponse response = await GetAsync(target, $"Accept-Encoding: {accepted}\r\n");
        Assert.That(response["Content-Encoding"], Is.EqualTo(accepted[..2] == "br" ? "br" : "gzip"));
        Assert.That((response["Vary"], response["ETag"], response["Accept-Ranges"]), Is.EqualTo(("Accept-Encoding", target == "/long" ? "W/\"1\"" : null, (string?)null)));
        Assert.That(response.Body, Has.Length.LessThan(Long.Length / 2));
        Assert.That(Decode(response), Is.EqualTo(Encoding.ASCII.GetBytes(Long)));
    }

    [TestCase("/long", "", "Accept-Encoding")]
    [TestCase("/long", "Accept-Encoding: deflate\r\n", "Accept-Encoding")]
    [TestCase("/long", "Accept-Encoding: gzip;q=0, *;q=0\r\n", "Accept-Encoding")]
    [TestCase("/short", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/events", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/stream", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/fields?Content-Type:image/png", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/fields?Content-Encoding:br", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/fields?Status:206&Content-Range:bytes%200-1/2", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/fields?Cache-Control:public,no-transform", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/fields?Status:204", "Accept-Encoding: gzip\r\n", null)]
    [TestCase("/fields?Status:304", "Accept-Encoding: gzip\r\n", "Accept-Encoding")]
    public async Task What_is_not_compressed_is_as_the_handler_wrote_it(string target, string fields, string? vary)
    {
        await ServeAsync();
        RawHttpResponse response = await GetAsync(target, fields);
        Assert.That(response["Vary"], Is.EqualTo(vary));
        Assert.That(response["Content-Encoding"], target.Contains("Content-Encoding", StringComparison.Ordinal) ? Is.EqualTo("br") : Is.Null);
        Assert.That(response.Text, Is.AnyOf(Long, "short", "data: 1\n\n", ""));
    }

    [TestCase("Vary:Accept-Encoding", "Accept-Encoding")]
    [TestCase("Vary:Origin", "Origin|Accept-Encoding")]
    [TestCase("Vary:*", "*")]
    public async Task Vary_is_said_once(string field, string expected)
    {
        await ServeAsync();
        RawHttpResponse response = await GetAsync($"/fields?{field}", "Accept-Encoding: gzip\r\n");
        Assert.That(string.Join('|', response.Fields.Where(static pair => pair.Key == "Vary").Select(static pair => pair.Value)), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_flush_shows_the_client_everything_so_far([Values("gzip", "br")] string coding, [Values] HandlerScheduling scheduling)
    {
        await ServeAsync(scheduling: scheduling);
        using var http = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All });
        using var request = new HttpRequestMessage(HttpMethod.Get, Address("/live"));
        request.Headers.Add("Accept-Encoding", coding);
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.That(await reader.ReadLineAsync(), Is.EqualTo("first"));
        _go.Release();
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo("second\n"));
    }

    [Test]
    public async Task Large_bodies_arrive_whole_by_every_way_of_writing([Values("gzip", "br")] string coding, [Values] HandlerScheduling scheduling)
    {
        await ServeAsync(scheduling: scheduling);
        RawHttpResponse response = await GetAsync("/noise", $"Accept-Encoding: {coding}\r\n");
        Assert.That(Decode(response).AsSpan().SequenceEqual([.. Noise, .. Noise, .. Noise[..10]]), Is.True);
    }

    [Test]
    public async Task Events_are_compressed_when_that_is_asked_for()
    {
        var options = new ResponseCompressionOptions();
        options.MediaTypes.Add("text/event-stream");
        await ServeAsync(options);
        RawHttpResponse response = await GetAsync("/events", "Accept-Encoding: gzip\r\n");
        Assert.That(response["Content-Encoding"], Is.EqualTo("gzip"));
        Assert.That(Encoding.ASCII.GetString(Decode(response)), Is.EqualTo("data: 1\n\n"));
    }

    [Test]
    public async Task HEAD_says_what_GET_would_but_for_the_length()
    {
        await ServeAsync();
        await using RawClient client = await ConnectAsync();
        RawHttpResponse head = await client.RequestAsync("HEAD /long HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
        Assert.That((head.StatusCode, head["Content-Encoding"], head["Vary"]), Is.EqualTo((200, "gzip", "Accept-Encoding")));
        Assert.That((await client.RequestAsync("GET /short HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("short"));
    }

    [Test]
    public async Task Content_shorter_than_was_said_is_an_error_of_the_handler()
    {
        await ServeAsync();
        RawHttpResponse response = await GetAsync("/cut", "Accept-Encoding: gzip\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(500));
        Assert.That(TakeErrors(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task An_error_of_the_handler_is_told_as_ever()
    {
        await ServeAsync();
        RawHttpResponse response = await GetAsync("/fails", "Accept-Encoding: gzip\r\n");
        Assert.That((response.StatusCode, response.Text), Is.EqualTo((500, "Internal Server Error\n")));
        Assert.That(TakeErrors(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Curl_reads_it([Values("gzip", "br")] string coding)
    {
        await ServeAsync();
        (int exitCode, string output, string error) = await ChildProcess.RunAsync(
            "curl", ["-s", "--fail", "--max-time", "30", "--compressed", "-H", $"Accept-Encoding: {coding}", $"{Address("/long")}"], TimeSpan.FromSeconds(40));
        Assert.That((exitCode, output.TrimEnd()), Is.EqualTo((0, Long.TrimEnd())), error);
    }

    [TestCase(ContentCodings.Gzip)]
    [TestCase(ContentCodings.Brotli)]
    public void An_encoder_that_was_released_encodes_no_more(ContentCodings coding)
    {
        var encoder = new CompressingEncoder(new CompressionRules(new ResponseCompressionOptions()), coding);
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        encoder.Encode(new byte[100_000], output);
        encoder.Release();
        encoder.Release();
        encoder.Flush(output);
        Assert.That(() => encoder.Encode(new byte[10], output), Throws.InstanceOf<ObjectDisposedException>());
    }

    [TestCase("text/plain; charset=utf-8", true)]
    [TestCase("TEXT/CSS", true)]
    [TestCase("application/problem+json", true)]
    [TestCase("image/svg+xml", true)]
    [TestCase("image/png", false)]
    [TestCase("text/event-stream", false)]
    [TestCase("application/octet-stream", false)]
    [TestCase("text", false)]
    [TestCase("", false)]
    public void Media_types_are_listed_by_name_kind_or_suffix(string type, bool isListed)
        => Assert.That(new CompressionRules(new ResponseCompressionOptions()).HasType(type), Is.EqualTo(isListed));

    private static byte[] Decode(RawHttpResponse response)
    {
        using var body = new MemoryStream(response.Body);
        using Stream plain = response["Content-Encoding"] == "br" ? new BrotliStream(body, CompressionMode.Decompress) : new GZipStream(body, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        plain.CopyTo(bytes);
        return bytes.ToArray();
    }
}
