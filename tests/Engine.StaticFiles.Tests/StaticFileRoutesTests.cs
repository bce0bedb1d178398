using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Engine.Http1.Tests;
using Engine.TestKit;

namespace Engine.StaticFiles.Tests;

/// <summary>A folder over sockets: what is served, what is said about it, and what is not let out.</summary>
public sealed class StaticFileRoutesTests(TransportKind transport) : OverSockets(transport)
{
    private const string Secret = "nobody may read this";

    private static readonly DateTime Modified = new(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc);
    private static readonly byte[] Big = RandomNumberGenerator.GetBytes(12_345_678);

    private string _folder = "";

    private string Public => Path.Combine(_folder, "public");

    [OneTimeSetUp]
    public void Fill()
    {
        _folder = Directory.CreateTempSubdirectory("engine-static-").FullName;
        Directory.CreateDirectory(Path.Combine(Public, "sub"));
        Directory.CreateDirectory(Path.Combine(_folder, "public-too"));
        File.WriteAllText(Path.Combine(Public, "index.html"), "<h1>root</h1>");
        File.WriteAllText(Path.Combine(Public, "sub", "index.html"), "<h1>sub</h1>");
        File.WriteAllText(Path.Combine(Public, "with space é.txt"), "space");
        File.WriteAllText(Path.Combine(Public, "empty.css"), "");
        File.WriteAllText(Path.Combine(Public, "UPPER.JSON"), "{}");
        File.WriteAllText(Path.Combine(Public, "unknown.blob"), "blob");
        File.WriteAllText(Path.Combine(Public, ".hidden"), Secret);
        File.WriteAllText(Path.Combine(Public, "kept.txt~"), Secret);
        File.WriteAllText(Path.Combine(_folder, "secret.txt"), Secret);
        File.WriteAllText(Path.Combine(_folder, "public-too", "secret.txt"), Secret);
        File.CreateSymbolicLink(Path.Combine(Public, "link.txt"), Path.Combine(_folder, "secret.txt"));
        File.CreateSymbolicLink(Path.Combine(Public, "relative.txt"), Path.Combine("..", "secret.txt"));
        Directory.CreateSymbolicLink(Path.Combine(Public, "up"), _folder);
        File.WriteAllBytes(Path.Combine(Public, "big.bin"), Big);
        File.WriteAllText(Path.Combine(Public, "dated.txt"), "dated");
        File.SetLastWriteTimeUtc(Path.Combine(Public, "dated.txt"), Modified);
    }

    [OneTimeTearDown]
    public void Clear() => Directory.Delete(_folder, recursive: true);

    [SetUp]
    public Task ServeAsync() => StartAsync(server => server.MapStaticFiles("/", Public).MapStaticFiles("/files", Public));

    [TestCase("/", "text/html; charset=utf-8", "<h1>root</h1>")]
    [TestCase("/files/", "text/html; charset=utf-8", "<h1>root</h1>")]
    [TestCase("/index.html?v=1", "text/html; charset=utf-8", "<h1>root</h1>")]
    [TestCase("/sub/", "text/html; charset=utf-8", "<h1>sub</h1>")]
    [TestCase("/files/sub/../sub/./index.html", "text/html; charset=utf-8", "<h1>sub</h1>")]
    [TestCase("/with%20space%20%C3%A9.txt", "text/plain; charset=utf-8", "space")]
    [TestCase("/empty.css", "text/css; charset=utf-8", "")]
    [TestCase("/UPPER.JSON", "application/json", "{}")]
    [TestCase("/unknown.blob", "application/octet-stream", "blob")]
    public async Task A_file_comes_with_its_type_and_length_and_HEAD_says_the_same(string target, string type, string content)
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse got = await client.RequestAsync($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        RawHttpResponse head = await client.RequestAsync($"HEAD {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(got.StatusCode, Is.EqualTo(200));
        Assert.That(got["Content-Type"], Is.EqualTo(type));
        Assert.That(got["Content-Length"], Is.EqualTo(Encoding.UTF8.GetByteCount(content).ToString(CultureInfo.InvariantCulture)));
        Assert.That(got["X-Content-Type-Options"], Is.EqualTo("nosniff"));
        Assert.That(got.Text, Is.EqualTo(content));
        Assert.That(head.StatusCode, Is.EqualTo(200));
        Assert.That(Fields(head), Is.EqualTo(Fields(got)));
    }

    [TestCase("GET", "/missing.txt", 404)]
    [TestCase("HEAD", "/missing.txt", 404)]
    [TestCase("GET", "/sub/missing/", 404)]
    [TestCase("GET", "/index.html/", 404)]
    [TestCase("GET", "/index.html/more", 404)]
    [TestCase("POST", "/index.html", 405)]
    [TestCase("DELETE", "/index.html", 405)]
    public async Task What_is_not_there_is_404_and_what_cannot_be_done_405(string method, string target, int status)
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse response = await client.RequestAsync($"{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(status));
        Assert.That(response["Allow"], status == 405 ? Is.EqualTo("GET, HEAD, OPTIONS") : Is.Null);
    }

    [Test]
    public async Task A_name_longer_than_the_file_system_takes_is_404()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        Assert.That((await client.RequestAsync($"GET /{new string('n', 5000)} HTTP/1.1\r\nHost: a\r\n\r\n")).StatusCode, Is.EqualTo(404));
    }

    [TestCase("/../secret.txt")]
    [TestCase("/../../../../../../../../etc/passwd")]
    [TestCase("/sub/../../secret.txt")]
    [TestCase("/%2e%2e/secret.txt")]
    [TestCase("/sub/%2E%2e/.%2e/secret.txt")]
    [TestCase("/..%2fsecret.txt")]
    [TestCase("/%2e%2e%2Fsecret.txt")]
    [TestCase("/sub/..%2f..%2fsecret.txt")]
    [TestCase("/..\\secret.txt")]
    [TestCase("/..%5csecret.txt")]
    [TestCase("/sub\\..\\..\\secret.txt")]
    [TestCase("/sub%5C..%5C..%5Csecret.txt")]
    [TestCase("/%252e%252e/secret.txt")]
    [TestCase("/%252e%252e%252fsecret.txt")]
    [TestCase("/%c0%ae%c0%ae/secret.txt")]
    [TestCase("/..%c0%afsecret.txt")]
    [TestCase("/..;/secret.txt")]
    [TestCase("/....//secret.txt")]
    [TestCase("/.../secret.txt")]
    [TestCase("/..%20/secret.txt")]
    [TestCase("//secret.txt")]
    [TestCase("//etc/passwd")]
    [TestCase("/%2fetc/passwd")]
    [TestCase("/%2fetc%2fpasswd")]
    [TestCase("/files//etc/passwd")]
    [TestCase("/files/../../secret.txt")]
    [TestCase("/file:///etc/passwd")]
    [TestCase("/C:/Windows/win.ini")]
    [TestCase("/C:%5cWindows%5cwin.ini")]
    [TestCase("/%5c%5chost%5cshare%5csecret.txt")]
    [TestCase("/index.html::$DATA")]
    [TestCase("http://a/../secret.txt")]
    [TestCase("http://a/%2e%2e/secret.txt")]
    [TestCase("/../public-too/secret.txt")]
    [TestCase("/..%2fpublic-too%2fsecret.txt")]
    [TestCase("/.hidden")]
    [TestCase("/%2ehidden")]
    [TestCase("/kept.txt~")]
    [TestCase("/secret.txt%00.html")]
    [TestCase("/index.html%00")]
    [TestCase("/%00")]
    [TestCase("/index.html%0a")]
    [TestCase("/index.html.")]
    [TestCase("/index.html%20")]
    [TestCase("/link.txt")]
    [TestCase("/relative.txt")]
    [TestCase("/up/secret.txt")]
    [TestCase("/up/public/index.html")]
    [TestCase("/%zz/secret.txt")]
    public async Task Nothing_outside_the_folder_is_reached_by(string target)
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse response = await client.RequestAsync($"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(404).Or.EqualTo(400));
        Assert.That(response.Text + Encoding.UTF8.GetString(await client.ReadToEndAsync()), Does.Not.Contain(Secret).And.Not.Contain("/bin/").And.Not.Contain("<h1>"));
    }

    [Test]
    public async Task RFC_9110_13_1_2_whoever_has_the_tag_is_answered_with_304()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse first = await GetAsync(client, "");
        string tag = first["ETag"]!;
        Assert.That(tag, Does.StartWith("\""));
        foreach (string fields in new[]
        {
            $"If-None-Match: {tag}\r\n", $"If-None-Match: W/{tag}\r\n", "If-None-Match: *\r\n", $"If-None-Match: \"a,b\", W/\"\",{tag} , \"c\"\r\n",
            $"If-None-Match: \"a\"\r\nIf-None-Match: {tag}\r\n", $"If-None-Match: {tag}\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        })
        {
            RawHttpResponse known = await GetAsync(client, fields);
            Assert.That(known.StatusCode, Is.EqualTo(304), fields);
            Assert.That((known["ETag"], known["Last-Modified"], known["Content-Length"]), Is.EqualTo((tag, first["Last-Modified"], (string?)null)), fields);
        }

        foreach (string fields in new[] { "If-None-Match: \"other\"\r\n", $"If-None-Match: {tag[..^1]}\r\n", $"If-None-Match: \"x\r\nIf-Modified-Since: {first["Last-Modified"]}\r\n" })
        {
            Assert.That((await GetAsync(client, fields)).Text, Is.EqualTo("dated"), fields);
        }
    }

    [TestCase("Thu, 29 Feb 2024 12:34:56 GMT", 304)]
    [TestCase("Fri, 01 Mar 2024 00:00:00 GMT", 304)]
    [TestCase("Thursday, 29-Feb-24 12:34:56 GMT", 304)]
    [TestCase("Thu Feb 29 12:34:56 2024", 304)]
    [TestCase("Thu, 29 Feb 2024 12:34:55 GMT", 200)]
    [TestCase("yesterday", 200)]
    [TestCase("2024-02-29T12:34:56Z", 200)]
    public async Task RFC_9110_13_1_3_whoever_has_that_state_by_date_is_answered_with_304(string date, int status)
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint);
        RawHttpResponse response = await GetAsync(client, $"If-Modified-Since: {date}\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(status));
        Assert.That(response["Last-Modified"], Is.EqualTo("Thu, 29 Feb 2024 12:34:56 GMT"));
    }

    [Test]
    public async Task A_file_that_was_written_again_has_another_tag()
    {
        string path = Path.Combine(Public, "changing.txt");
        await File.WriteAllTextAsync(path, "1");
        using var http = new HttpClient();
        var uri = new Uri($"{Address("/changing.txt")}");
        using HttpResponseMessage before = await http.GetAsync(uri);
        await File.WriteAllTextAsync(path, "22");
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.IfNoneMatch.Add(before.Headers.ETag!);
        using HttpResponseMessage after = await http.SendAsync(request);
        Assert.That(await after.Content.ReadAsStringAsync(), Is.EqualTo("22"));
        Assert.That(after.Headers.ETag, Is.Not.EqualTo(before.Headers.ETag));
    }

    [Test]
    public async Task Curl_gets_a_big_file_whole_and_the_connection_goes_on()
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync(
            "sh",
            ["-c", "curl -s --fail --max-time 30 \"$1\" | sha256sum; curl -s -o /dev/null -o /dev/null -w '%{num_connects} ' \"$1\" \"$1\"", "-", $"{Address("/big.bin")}"],
            TimeSpan.FromSeconds(40));
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(output, Does.Contain(Convert.ToHexStringLower(SHA256.HashData(Big))).And.EndWith("1 0 "));
    }

    [Test]
    public async Task A_reader_that_is_slow_is_waited_for_with_one_buffer()
    {
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint, receiveBufferBytes: 16_384);
        await client.SendAsync("GET /big.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long read = 0;
        long mostQueued = 0;
        while (await client.ReadSomeAsync() is { Length: > 0 } piece)
        {
            hash.AppendData(piece);
            read += piece.Length;
            mostQueued = Math.Max(mostQueued, Server.Engine.Metrics.QueuedBytes);
        }

        Assert.That(read, Is.EqualTo(Big.Length));
        Assert.That(hash.GetHashAndReset(), Is.EqualTo(SHA256.HashData(Big)));
        Assert.That(mostQueued, Is.LessThanOrEqualTo(2 * 65_536));
    }

    [Test]
    public async Task A_file_that_shrinks_under_way_ends_the_connection_before_its_promised_end()
    {
        string path = Path.Combine(Public, "shrinking.bin");
        await using var sparse = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        sparse.SetLength(64 << 20);
        await using RawClient client = await RawClient.ConnectAsync(Server.EndPoint, receiveBufferBytes: 16_384);
        await client.SendAsync("GET /shrinking.bin HTTP/1.1\r\nHost: a\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");
        sparse.SetLength(0);
        Assert.That((await client.ReadToEndAsync()).Length, Is.LessThan(64 << 20));
        Assert.That(TakeErrors(), Has.Length.EqualTo(1), "the host is told that it could not keep what it promised");
    }

    private static Task<RawHttpResponse> GetAsync(RawClient client, string fields) => client.RequestAsync($"GET /dated.txt HTTP/1.1\r\nHost: a\r\n{fields}\r\n");

    private static IEnumerable<string> Fields(RawHttpResponse response) => response.Fields.Where(static field => field.Key != "Date").Select(static field => $"{field.Key}: {field.Value}");
}
