using System.IO.Compression;
using System.Text;
using Engine.Http1.Tests;
using Engine.TestKit;

namespace Engine.StaticFiles.Tests;

/// <summary>Ranges, conditions, variants and options.</summary>
public sealed class FileHandlerTests(TransportKind transport) : OverSockets(transport)
{
    private const string Digits = "0123456789";
    private static readonly DateTime Modified = new(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc);

    private string _folder = "";

    [SetUp]
    public async Task ServeAsync()
    {
        _folder = Directory.CreateTempSubdirectory("engine-files-").FullName;
        Write("digits.txt", Encoding.ASCII.GetBytes(Digits));
        Write("page.html", Encoding.ASCII.GetBytes("<p>plain</p>"));
        Write("page.html.br", Brotli("<p>plain</p>"));
        Write("page.html.gz", Gzip("<p>plain</p>"));
        Write("old.css", "plain"u8.ToArray());
        Write("old.css.gz", Gzip("stale"));
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "old.css.gz"), Modified.AddSeconds(-1));
        Directory.CreateDirectory(Path.Combine(_folder, "docs"));
        Write("docs/index.html", "docs"u8.ToArray());
        Directory.CreateDirectory(Path.Combine(_folder, "bare"));
        Write("x.own", "own"u8.ToArray());
        File.CreateSymbolicLink(Path.Combine(_folder, "link.txt"), "digits.txt");
        var options = new StaticFileOptions { MaxRanges = 3, CacheControl = "max-age=60" };
        options.ContentTypes[".own"] = "application/x-own";
        options.OnServing = static (context, path) => context.Response.Headers.Set("X-Path", path);
        await StartAsync(server => server
            .MapStaticFiles("/", _folder, options)
            .MapStaticFiles("/linked", _folder, new StaticFileOptions { FollowSymbolicLinks = true, Precompressed = false, IndexFile = null }));
    }

    [TearDown]
    public void Clear() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task RFC_9110_14_a_range_is_206_with_its_place()
    {
        RawHttpResponse response = await GetAsync("/digits.txt", "Range: bytes=2-4\r\n");
        Assert.That((response.StatusCode, response.Text), Is.EqualTo((206, "234")));
        Assert.That((response["Content-Range"], response["Content-Length"], response["Accept-Ranges"]), Is.EqualTo(("bytes 2-4/10", "3", "bytes")));
        response = await GetAsync("/digits.txt", "Range: bytes=-3\r\n");
        Assert.That((response.Text, response["Content-Range"]), Is.EqualTo(("789", "bytes 7-9/10")));
    }

    [Test]
    public async Task RFC_9110_14_6_several_ranges_are_parts()
    {
        RawHttpResponse response = await GetAsync("/digits.txt", "Range: bytes=7-8, 0-1, -1\r\n");
        string boundary = response["Content-Type"]!.Split("boundary=")[1];
        Assert.That(response["Content-Type"], Does.StartWith("multipart/byteranges;"));
        Assert.That(response.StatusCode, Is.EqualTo(206));
        Assert.That(response["Content-Range"], Is.Null);
        Assert.That(
            response.Text.Replace(boundary, "B"),
            Is.EqualTo(string.Concat(new[] { ("7-8", "78"), ("0-1", "01"), ("9-9", "9") }.Select(static (part, i)
                => $"{(i == 0 ? "" : "\r\n")}--B\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes {part.Item1}/10\r\n\r\n{part.Item2}")) + "\r\n--B--\r\n"));
    }

    [TestCase("bytes=10-", 416)]
    [TestCase("bytes=0-0,1-1,2-2,3-3", 200)]
    [TestCase("bytes=0-9,0-9", 200)]
    [TestCase("bytes=x", 200)]
    [TestCase("lines=0-1", 200)]
    public async Task What_cannot_be_served_is_416_and_what_is_not_served_is_whole(string range, int status)
    {
        RawHttpResponse response = await GetAsync("/digits.txt", $"Range: {range}\r\n");
        Assert.That(response.StatusCode, Is.EqualTo(status));
        Assert.That(status == 416 ? response["Content-Range"] : response.Text, Is.EqualTo(status == 416 ? "bytes */10" : Digits));
    }

    [Test]
    public async Task RFC_9110_14_2_HEAD_knows_no_ranges()
    {
        RawHttpResponse response = await AskAsync("HEAD /digits.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=2-4\r\n\r\n");
        Assert.That((response.StatusCode, response["Content-Length"]), Is.EqualTo((200, "10")));
    }

    [Test]
    public async Task RFC_9110_13_1_5_ranges_are_sent_only_of_the_state_that_they_began_with()
    {
        RawHttpResponse first = await GetAsync("/digits.txt");
        string tag = first["ETag"]!;
        Assert.That(tag, Does.StartWith("\""), "a file that was written long ago has a strong tag");
        foreach ((string condition, int status) in new[]
        {
            (tag, 206), (first["Last-Modified"]!, 206), ($"W/{tag}", 200), ("\"other\"", 200), ("Thu, 29 Feb 2024 12:34:55 GMT", 200), ("Thu, 29 Feb 2024 12:34:57 GMT", 200), ("x", 200),
        })
        {
            Assert.That((await GetAsync("/digits.txt", $"Range: bytes=0-0\r\nIf-Range: {condition}\r\n")).StatusCode, Is.EqualTo(status), condition);
        }
    }

    [Test]
    public async Task A_file_that_was_just_written_has_a_weak_tag_and_begins_anew()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "fresh.txt"), Digits);
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "fresh.txt"), DateTime.UtcNow.AddMinutes(1));
        RawHttpResponse first = await GetAsync("/fresh.txt");
        Assert.That(first["ETag"], Does.StartWith("W/\""));
        Assert.That((await GetAsync("/fresh.txt", $"Range: bytes=0-0\r\nIf-Range: {first["ETag"]}\r\n")).StatusCode, Is.EqualTo(200));
        Assert.That((await GetAsync("/fresh.txt", $"If-None-Match: {first["ETag"]}\r\n")).StatusCode, Is.EqualTo(304));
    }

    [Test]
    public async Task RFC_9110_13_1_1_a_state_that_is_meant_and_is_not_there_is_412()
    {
        string tag = (await GetAsync("/digits.txt"))["ETag"]!;
        foreach ((string fields, int status) in new[]
        {
            ($"If-Match: {tag}", 200), ("If-Match: *", 200), ($"If-Match: W/{tag}", 412), ("If-Match: \"x\"", 412), ($"If-Match: \"x\", {tag}", 200),
            ("If-Unmodified-Since: Thu, 29 Feb 2024 12:34:55 GMT", 412), ("If-Unmodified-Since: Thu, 29 Feb 2024 12:34:56 GMT", 200), ("If-Unmodified-Since: x", 200),
            ($"If-Match: {tag}\r\nIf-Unmodified-Since: Thu, 29 Feb 2024 12:34:55 GMT", 200), ($"If-Match: {tag}\r\nIf-None-Match: {tag}", 304),
        })
        {
            Assert.That((await GetAsync("/digits.txt", fields + "\r\n")).StatusCode, Is.EqualTo(status), fields);
        }
    }

    [TestCase("br", "br")]
    [TestCase("gzip, br", "br")]
    [TestCase("gzip;q=1, br;q=0.5", "gzip")]
    [TestCase("gzip", "gzip")]
    [TestCase("br;q=0, *", "gzip")]
    [TestCase("identity, gzip;q=0.5", null)]
    [TestCase("deflate", null)]
    [TestCase("", null)]
    public async Task A_variant_beside_the_file_is_sent_to_those_who_take_it(string accepted, string? coding)
    {
        RawHttpResponse response = await GetAsync("/page.html", accepted.Length == 0 ? "" : $"Accept-Encoding: {accepted}\r\n");
        Assert.That((response["Content-Encoding"], response["Vary"], response["Content-Type"]), Is.EqualTo((coding, "Accept-Encoding", "text/html; charset=utf-8")));
        using Stream plain = coding switch
        {
            "br" => new BrotliStream(new MemoryStream(response.Body), CompressionMode.Decompress),
            "gzip" => new GZipStream(new MemoryStream(response.Body), CompressionMode.Decompress),
            _ => new MemoryStream(response.Body),
        };
        using var reader = new StreamReader(plain);
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo("<p>plain</p>"));
    }

    [Test]
    public async Task Each_variant_has_a_tag_of_its_own()
    {
        string?[] tags = [(await GetAsync("/page.html"))["ETag"], (await GetAsync("/page.html", "Accept-Encoding: br\r\n"))["ETag"], (await GetAsync("/page.html", "Accept-Encoding: gzip\r\n"))["ETag"]];
        Assert.That(tags, Is.Unique);
        Assert.That((await GetAsync("/page.html", $"Accept-Encoding: br\r\nIf-None-Match: {tags[0]}\r\n")).StatusCode, Is.EqualTo(200));
        Assert.That((await GetAsync("/page.html", $"Accept-Encoding: br\r\nIf-None-Match: {tags[1]}\r\n")).StatusCode, Is.EqualTo(304));
    }

    [Test]
    public async Task A_variant_that_is_older_than_its_file_is_stale()
    {
        RawHttpResponse response = await GetAsync("/old.css", "Accept-Encoding: gzip\r\n");
        Assert.That((response.Text, response["Content-Encoding"], response["Vary"]), Is.EqualTo(("plain", (string?)null, (string?)null)));
    }

    [Test]
    public async Task A_folder_without_its_slash_is_sent_to_its_index()
    {
        RawHttpResponse response = await GetAsync("/docs?q=1");
        Assert.That((response.StatusCode, response["Location"]), Is.EqualTo((301, "./docs/?q=1")));
        Assert.That((await GetAsync("/docs/")).Text, Is.EqualTo("docs"));
        Assert.That((await GetAsync("/bare")).StatusCode, Is.EqualTo(404));
        Assert.That((await GetAsync("/linked/docs")).StatusCode, Is.EqualTo(404));
        Assert.That((await GetAsync("/linked/docs/")).StatusCode, Is.EqualTo(404));
    }

    [Test]
    public async Task Options_say_the_rest()
    {
        RawHttpResponse response = await GetAsync("/x.own");
        Assert.That((response["Content-Type"], response["Cache-Control"], response["X-Path"]), Is.EqualTo(("application/x-own", "max-age=60", "x.own")));
        Assert.That((await GetAsync("/linked/link.txt")).Text, Is.EqualTo(Digits));
        Assert.That((await GetAsync("/link.txt")).StatusCode, Is.EqualTo(404));
        Assert.That((await GetAsync("/linked/page.html", "Accept-Encoding: br\r\n"))["Content-Encoding"], Is.Null);
        Assert.That(() => new FileHandler(_folder, new StaticFileOptions { MaxRanges = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new FileHandler(_folder + "-none", new StaticFileOptions()), Throws.InstanceOf<DirectoryNotFoundException>());
    }

    [Test]
    public async Task Curl_resumes_a_download()
    {
        string path = Path.Combine(_folder, "half.out");
        await File.WriteAllTextAsync(path, Digits[..4]);
        (int exitCode, _, string error) = await ChildProcess.RunAsync(
            "curl", ["-s", "--fail", "--max-time", "30", "-C", "-", "-o", path, $"{Address("/digits.txt")}"], TimeSpan.FromSeconds(40));
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo(Digits));
    }

    private void Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, Modified);
    }

    private static byte[] Brotli(string text)
    {
        byte[] bytes = new byte[256];
        Assert.That(BrotliEncoder.TryCompress(Encoding.ASCII.GetBytes(text), bytes, out int length), Is.True);
        return bytes[..length];
    }

    private static byte[] Gzip(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }

        return bytes.ToArray();
    }
}
