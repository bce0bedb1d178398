using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>Bodies as streams and pipes, for code that takes those.</summary>
public sealed class ResponseBodyTests(TransportKind transport) : OverSockets(transport)
{
    [Test]
    public async Task Code_that_writes_a_stream_writes_a_response()
    {
        await StartAsync(static server => server.MapGet("/", static async context =>
        {
            context.Response.ContentType = "application/zip";
            await using var zip = new ZipArchive(context.Response.Body, ZipArchiveMode.Create, leaveOpen: true);
            await using Stream entry = await zip.CreateEntry("big.txt", CompressionLevel.NoCompression).OpenAsync();
            for (int i = 0; i < 20; i++)
            {
                await entry.WriteAsync(new byte[50_000]);
            }
        }));
        RawHttpResponse response = await GetAsync("/");
        Assert.That(response["Transfer-Encoding"], Is.EqualTo("chunked"));
        await using var read = new ZipArchive(new MemoryStream(response.Body));
        Assert.That(read.Entries.Single().Length, Is.EqualTo(1_000_000));
    }

    [Test]
    public async Task Synchronous_writes_are_held_to_a_bound_and_then_refused()
    {
        await StartAsync(static server => server.MapGet("/", static async context =>
        {
            Stream body = context.Response.Body;
            body.Write(new byte[ResponseBodyStream.MaxHeldBytes]);
            body.Flush();
            Assert.That(() => body.WriteByte(1), Throws.InvalidOperationException);
            await body.FlushAsync();
            body.WriteByte((byte)'x');
        }));
        RawHttpResponse response = await GetAsync("/");
        Assert.That(response.Body, Has.Length.EqualTo(ResponseBodyStream.MaxHeldBytes + 1));
        Assert.That(response.Body[^1], Is.EqualTo((byte)'x'));
    }

    [Test]
    public async Task A_stream_that_is_kept_past_its_request_writes_into_no_other()
    {
        Stream? kept = null;
        await StartAsync(server => server
            .MapGet("/first", context =>
            {
                kept = context.Response.Body;
                kept.Write("first"u8);
                return default;
            })
            .MapGet("/second", context =>
            {
                Assert.That(kept!.CanWrite, Is.False);
                Assert.That(() => kept.Write("stray"u8), Throws.InstanceOf<ObjectDisposedException>());
                Assert.That(async () => await kept.WriteAsync(new byte[1]), Throws.InstanceOf<ObjectDisposedException>());
                return context.Response.WriteAsync("second");
            }));
        await using RawClient client = await ConnectAsync();
        Assert.That((await client.RequestAsync("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("first"));
        Assert.That((await client.RequestAsync("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("second"));
    }

    [Test]
    public async Task A_pipe_writer_flushes_with_pressure()
    {
        await StartAsync(static server => server.MapGet("/", static async context =>
        {
            PipeWriter body = context.Response.BodyWriter;
            for (int i = 0; i < 100; i++)
            {
                Encoding.ASCII.GetBytes($"{i:d4}").CopyTo(body.GetSpan(4));
                body.Advance(4);
                Assert.That(body.UnflushedBytes, Is.EqualTo(4));
                FlushResult flushed = await body.FlushAsync();
                Assert.That((flushed.IsCompleted, body.UnflushedBytes), Is.EqualTo((false, 0L)));
            }

            await body.CompleteAsync();
        }));
        RawHttpResponse response = await GetAsync("/");
        Assert.That(response.Text, Is.EqualTo(string.Concat(Enumerable.Range(0, 100).Select(static i => $"{i:d4}"))));
    }

    [Test]
    public async Task A_request_body_is_read_as_a_stream()
    {
        await StartAsync(static server => server.MapPost("/", static async context =>
        {
            using var reader = new StreamReader(context.Request.BodyStream);
            await context.Response.WriteAsync(await reader.ReadToEndAsync());
        }));
        string text = string.Concat(Enumerable.Range(0, 30_000).Select(static i => $"{i} "));
        await using RawClient client = await ConnectAsync();
        for (int i = 0; i < 2; i++)
        {
            Assert.That((await client.RequestAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {text.Length}\r\n\r\n{text}")).Text, Is.EqualTo(text));
        }
    }

    [Test]
    public async Task What_middleware_leaves_under_a_key_is_there_for_its_request_alone()
    {
        object key = new();
        await StartAsync(server => server
            .Use((context, next) =>
            {
                Assert.That(context.Items, Is.Empty);
                context.Items[key] = context.Request.Path;
                context.Items["other"] = 1;
                return next(context);
            })
            .MapGet("/{name}", context => context.Response.WriteAsync($"{context.Items[key]} {context.Items["other"]}")));
        await using RawClient client = await ConnectAsync();
        Assert.That((await client.RequestAsync("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("/a 1"));
        Assert.That((await client.RequestAsync("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("/b 1"));
    }
}
