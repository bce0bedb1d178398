using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using Engine.Http1;
using Engine.Sse;
using Engine.StaticFiles;
using Engine.WebSockets;

namespace Engine.Interop.Tests;

/// <summary>What the pages of the browser's tests talk to: streams and sockets that do what the query says.</summary>
internal sealed partial class WebPlatformHost : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Seen>> _seen = new();
    private readonly HttpServer _server;
    private readonly int _port = FreePort();

    public WebPlatformHost(TransportKind transport)
    {
        _server = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, _port), Transport = transport, LoopCount = 2 });
        _server.HandlerFailed += (_, exception) => Failures.Enqueue(exception);
        MapEvents();
        MapSockets();
        _server.MapStaticFiles("/", Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "pages"));
    }

    public string Address => $"http://127.0.0.1:{_port}/index.html";

    /// <summary>What failed in the host's own code.</summary>
    public ConcurrentQueue<Exception> Failures { get; } = new();

    public Task StartAsync() => _server.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(TimeSpan.FromSeconds(5));
        await _server.DisposeAsync();
    }

    /// <summary>Known before the routes are mapped, for the origins that they list.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void MapEvents()
    {
        string page = $"http://127.0.0.1:{_port}";
        _server
            .MapGet("/seen", context => context.Response.WriteJsonAsync([.. Of(context)], SeenJson.Default.SeenArray))
            .MapSse("/events", SendListAsync)
            .MapGet("/raw", SendRawAsync)
            .MapGet("/id", SendIdAsync)
            .MapGet("/redirect", static context =>
            {
                context.Response.StatusCode = int.Parse(context.Request.GetQueryValue("status")!, CultureInfo.InvariantCulture);
                context.Response.Headers.Set("Location", context.Request.GetQueryValue("to")!);
                return default;
            })
            .MapSse("/listed", static async (stream, ct) => await stream.SendAsync(new SseEvent(stream.Context.Request.Headers["Origin"]), ct), new SseOptions { AllowedOrigins = [page], AllowCredentials = true })
            .MapSse("/unlisted", static async (stream, ct) => await stream.SendAsync(new SseEvent("x"), ct), new SseOptions { AllowedOrigins = ["https://example.org"] })
            .MapSseHub("/full", new SseHub<string>(new SseHubOptions<string> { MaxChannelsPerSession = 0 }), static _ => ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>("a", "a", "channel")))
            .MapSseHub(
                "/full-but-patient",
                new SseHub<string>(new SseHubOptions<string> { MaxChannelsPerSession = 0 }),
                context =>
                {
                    Of(context).Enqueue(Seen.Of(context));
                    return ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>("a", "a", "channel"));
                },
                new SseOptions { EndWhenFull = true, RetryAfter = TimeSpan.FromMilliseconds(20) });
    }

    private ConcurrentQueue<Seen> Of(HttpContext context) => _seen.GetOrAdd(context.Request.GetQueryValue("key") ?? "", static _ => new ConcurrentQueue<Seen>());

    private async Task SendListAsync(SseStream stream, CancellationToken cancellationToken)
    {
        var seen = Seen.Of(stream.Context);
        Of(stream.Context).Enqueue(seen);
        try
        {
            foreach (Item item in JsonSerializer.Deserialize(stream.Context.Request.GetQueryValue("list")!, SeenJson.Default.ItemArray)!)
            {
                TimeSpan? retry = item.Retry is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
                await stream.SendAsync(new SseEvent(item.Data) { Id = item.Id, EventType = item.Type, Comment = item.Comment, ReconnectionInterval = retry }, cancellationToken);
            }

            await HoldAsync(stream.Context, cancellationToken);
        }
        finally
        {
            seen.HasEnded = true;
        }
    }

    private async ValueTask SendRawAsync(HttpContext context)
    {
        var seen = Seen.Of(context);
        Of(context).Enqueue(seen);
        context.Response.StatusCode = int.Parse(context.Request.GetQueryValue("status") ?? "200", CultureInfo.InvariantCulture);
        if (context.Response.StatusCode != 200)
        {
            return;
        }

        context.Response.ContentType = context.Request.GetQueryValue("type") ?? "text/event-stream";
        ResponseStream stream = context.Response.StartStream();
        await stream.SendAsync(System.Text.Encoding.UTF8.GetBytes(context.Request.GetQueryValue("body")!), stream.Closed);
        await HoldAsync(context, stream.Closed);
    }

    private static Task HoldAsync(HttpContext context, CancellationToken cancellationToken)
        => context.Request.GetQueryValue("hold") == "1" ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.CompletedTask;

    /// <summary>Gives an id and ends; then tells which came back.</summary>
    private static async ValueTask SendIdAsync(HttpContext context)
    {
        SharedSegment given;
        try
        {
            given = SseStream.Prepare(new SseEvent("given") { Id = context.Request.GetQueryValue("id")! });
        }
        catch (ArgumentException)
        {
            context.Response.StatusCode = 400;
            return;
        }

        SseStream stream = context.StartSse(new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(10) });
        if (stream.LastEventId is { } back)
        {
            await stream.SendAsync(new SseEvent(back) { EventType = "back" });
        }
        else
        {
            stream.TrySend(given);
        }

        given.Release();
    }

    private void MapSockets()
    {
        var chat = new WebSocketEndpointOptions { RequireSubProtocol = false };
        chat.SubProtocols.Add("superchat");
        chat.SubProtocols.Add("chat");
        _server
            .MapWebSocket("/ws/echo", EchoAsync)
            .MapWebSocket("/ws/protocols", EchoAsync, chat)
            .MapWebSocket("/ws/deflate", EchoAsync, new WebSocketEndpointOptions { Compression = new WebSocketCompressionOptions() })
            .MapWebSocket("/ws/small", EchoAsync, new WebSocketEndpointOptions { MaxMessageBytes = 1000 })
            .MapWebSocket("/ws/close-on-message", static async (socket, ct) =>
            {
                await socket.ReceiveAsync(ct);
                socket.Close(3002, "yours");
            })
            .MapWebSocket("/ws/abort", static async (socket, ct) =>
            {
                await socket.ReceiveAsync(ct);
                socket.Abort();
            })
            .MapWebSocket("/ws/{act}", new Acts());
    }

    private static async Task EchoAsync(WebSocketConnection socket, CancellationToken cancellationToken)
    {
        await foreach (ReceivedMessage message in socket.ReadAllAsync(cancellationToken))
        {
            await socket.SendAsync(message, cancellationToken);
        }
    }

    /// <summary>Does on opening what the query says.</summary>
    private sealed class Acts : WebSocketHandler<Func<WebSocketConnection, Task>>
    {
        public override ValueTask OnUpgradeAsync(WebSocketUpgrade<Func<WebSocketConnection, Task>> upgrade)
        {
            HttpRequest request = upgrade.Context.Request;
            switch (upgrade.Context.RouteParameters["act"])
            {
                case "close":
                    int code = int.Parse(request.GetQueryValue("code")!, CultureInfo.InvariantCulture);
                    (string reason, string? first) = (request.GetQueryValue("reason")!, request.GetQueryValue("first"));
                    upgrade.Data = socket =>
                    {
                        if (first is not null)
                        {
                            socket.TrySendText(first);
                        }

                        socket.Close(code, reason);
                        return Task.CompletedTask;
                    };
                    break;
                case "flood":
                    int count = int.Parse(request.GetQueryValue("count")!, CultureInfo.InvariantCulture);
                    upgrade.Data = async socket =>
                    {
                        for (int i = 0; i < count; i++)
                        {
                            await socket.SendTextAsync($"{i}");
                        }

                        socket.Close(WebSocketCloseStatus.NormalClosure, "done");
                    };
                    break;
                case "seen":
                    var seen = Seen.Of(upgrade.Context);
                    upgrade.Data = async socket => await socket.SendJsonAsync(seen, SeenJson.Default.Seen);
                    break;
                default:
                    upgrade.Refuse(upgrade.Context.RouteParameters["act"] == "refused" ? 403 : 404);
                    break;
            }

            return ValueTask.CompletedTask;
        }

        public override async ValueTask OnOpenAsync(WebSocketConnection<Func<WebSocketConnection, Task>> socket) => await socket.Data!(socket);

        public override ValueTask OnMessage(WebSocketConnection<Func<WebSocketConnection, Task>> socket, WebSocketMessage message) => ValueTask.CompletedTask;
    }

    internal sealed record Item(string? Data, string? Id, string? Type, string? Comment, int? Retry);

    /// <summary>What a request said, and whether its stream has ended.</summary>
    internal sealed class Seen
    {
        public string? LastEventId { get; init; }

        public string? Cookie { get; init; }

        public string? Origin { get; init; }

        public string? Accept { get; init; }

        public string? CacheControl { get; init; }

        public bool HasEnded { get; set; }

        public static Seen Of(HttpContext context) => new()
        {
            LastEventId = context.Request.Headers["Last-Event-ID"],
            Cookie = context.Request.Headers["Cookie"],
            Origin = context.Request.Headers["Origin"],
            Accept = context.Request.Headers["Accept"],
            CacheControl = context.Request.Headers["Cache-Control"],
        };
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Seen[]))]
    [JsonSerializable(typeof(Item[]))]
    private sealed partial class SeenJson : JsonSerializerContext;
}
