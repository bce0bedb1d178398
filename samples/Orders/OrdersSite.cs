using System.Globalization;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.StaticFiles;
using Engine.WebSockets;

namespace Orders;

/// <summary>The routes of the orders, for a server of their own or under a prefix of another.</summary>
internal sealed class OrdersSite : IDisposable
{
    private readonly OrderBook _book = new();

    public TopicHub Hub => _book.Hub;

    /// <param name="server">Where to.</param>
    /// <param name="pages">The folder of the pages.</param>
    public void Map(HttpServer server, string pages)
    {
        server.MapStaticFiles("/", pages);
        server.MapGet("/orders/{id}", RenderAsync);
        server.MapGet("/api/orders", context => context.Response.WriteJsonAsync(_book.All, OrderJson.Default.OrderArray!));
        server.MapPost("/api/orders/{id}/status", ChangeAsync);
        server.MapPost("/api/jobs", context =>
        {
            context.Response.StatusCode = 202;
            return context.Response.WriteJsonAsync(_book.StartJob(), OrderJson.Default.JobProgress!);
        });

        // Changes of one order, by either wire.
        server.MapWebSocket("/api/orders/{id}/ws", new OrderSocket(_book), new WebSocketEndpointOptions
        {
            Topics = _book.Hub,
            RequireSameOrigin = true,
            MaxMessageBytes = 1_024,
            MaxFrameBytes = 1_024,
        });
        server.MapSseTopics("/api/orders/{id}/events", _book.Hub, new SseTopicOptions
        {
            SelectTopicsAsync = context => ValueTask.FromResult<IReadOnlyList<string>>(_book.Find(IdOf(context)) is null ? [] : [OrderBook.TopicOf(IdOf(context))]),
        });

        // How far a job is: with ?last=100 from its beginning, whenever one comes.
        server.MapSseTopics("/api/jobs/{id}/events", _book.Hub, new SseTopicOptions
        {
            SelectTopicsAsync = static context => ValueTask.FromResult<IReadOnlyList<string>>([$"job.{IdOf(context)}"]),
        });

        // What a member is told, on each device that is signed in.
        server.MapSseTopics("/api/notifications", _book.Hub, new SseTopicOptions
        {
            SelectTopicsAsync = static context => ValueTask.FromResult<IReadOnlyList<string>>(context.Request.Cookies["member"] is { Length: > 0 } member ? [$"member.{member}"] : []),
        });
    }

    public void Dispose() => _book.Dispose();

    private static int IdOf(HttpContext context) => int.TryParse(context.RouteParameters["id"], NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0;

    private ValueTask RenderAsync(HttpContext context)
    {
        if (_book.Find(IdOf(context)) is not { } snapshot)
        {
            context.Response.StatusCode = 404;
            return ValueTask.CompletedTask;
        }

        // Who has signed in is on every device; here the order's owner is, without a password.
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.Set("Set-Cookie", $"member={snapshot.Order.Owner}; Path=/; HttpOnly; SameSite=Strict");
        context.Response.Headers.Set("Cache-Control", "no-store");
        return context.Response.WriteAsync(OrderPage.Render(snapshot));
    }

    private async ValueTask ChangeAsync(HttpContext context)
    {
        StatusChange? change = await context.Request.ReadJsonAsync(OrderJson.Default.StatusChange!, maxBytes: 1_024);
        if (change is not { Status.Length: > 0 })
        {
            context.Response.StatusCode = 400;
        }
        else if (_book.Change(IdOf(context), change.Status) is { } order)
        {
            await context.Response.WriteJsonAsync(order, OrderJson.Default.Order!);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }
}
