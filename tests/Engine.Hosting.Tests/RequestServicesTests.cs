using System.Net.WebSockets;
using System.Text;
using Engine.TestKit;
using Engine.WebSockets;
using Microsoft.Extensions.DependencyInjection;

namespace Engine.Hosting.Tests;

/// <summary>A request has services of its own, and so has a WebSocket; what they made ends with it.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class RequestServicesTests
{
    [Test]
    public async Task Handlers_and_middleware_of_a_request_share_one_scope_that_ends_with_it([Values] bool isAsync)
    {
        var ledger = new Ledger();
        await using TestHost host = await TestHost.StartAsync(services => services.AddSingleton(ledger).AddScoped<Unit>()
            .AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server).Map((routes, _) => routes
                .Use((context, next) =>
                {
                    context.Services.GetRequiredService<Unit>();
                    return next(context);
                })
                .MapGet("/", async context =>
                {
                    if (isAsync)
                    {
                        await Task.Yield();
                    }

                    await context.Response.WriteAsync(context.Services.GetRequiredService<Unit>().Number.ToString());
                }))));
        await using RawClient client = await host.ConnectAsync("web");
        Assert.That((await client.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("1"));
        Assert.That((await client.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("2"));
        Assert.That(ledger.Ended, Is.SupersetOf((int[])[1]), "the next request is not read before");
    }

    [Test]
    public async Task A_handler_that_throws_ends_its_scope_too([Values] bool isAsync, CancellationToken cancellationToken)
    {
        var ledger = new Ledger();
        await using TestHost host = await TestHost.StartAsync(services => services.AddSingleton(ledger).AddScoped<Unit>()
            .AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server).Map((routes, _) => routes.MapGet("/", context =>
            {
                context.Services.GetRequiredService<Unit>();
                return isAsync ? new ValueTask(Task.FromException(new InvalidOperationException("no"))) : throw new InvalidOperationException("no");
            }))));
        Assert.That((await host.GetAsync("web", "/")).StatusCode, Is.EqualTo(500));
        Assert.That(await ledger.WaitAsync(cancellationToken), Is.EqualTo(1));
    }

    [Test]
    public async Task A_WebSocket_has_a_scope_as_long_as_itself(CancellationToken cancellationToken)
    {
        var ledger = new Ledger();
        await using TestHost host = await TestHost.StartAsync(services => services.AddSingleton(ledger).AddScoped<Unit>()
            .AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server).Map((routes, all) => routes.MapScopedWebSocket("/ws", all, static async (socket, own, ct) =>
            {
                await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
                {
                    message.Dispose();
                    await socket.SendTextAsync(own.GetRequiredService<Unit>().Number.ToString(), cancellationToken: ct);
                }
            }))));
        using var first = new ClientWebSocket();
        using var second = new ClientWebSocket();
        await first.ConnectAsync(new Uri($"ws://{host.EndPoint("web")}/ws"), cancellationToken);
        await second.ConnectAsync(new Uri($"ws://{host.EndPoint("web")}/ws"), cancellationToken);
        Assert.That(await AskAsync(first, cancellationToken), Is.EqualTo("1"));
        Assert.That(await AskAsync(second, cancellationToken), Is.EqualTo("2"));
        Assert.That(await AskAsync(first, cancellationToken), Is.EqualTo("1"));
        Assert.That(ledger.Ended, Is.Empty);
        await second.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        Assert.That(await ledger.WaitAsync(cancellationToken), Is.EqualTo(2));
    }

    private static async Task<string> AskAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        await socket.SendAsync("?"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        byte[] buffer = new byte[16];
        WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, cancellationToken);
        return Encoding.ASCII.GetString(buffer, 0, result.Count);
    }

    /// <summary>Numbers what scopes make, and notes what ended.</summary>
    private sealed class Ledger
    {
        private readonly System.Threading.Channels.Channel<int> _ended = System.Threading.Channels.Channel.CreateUnbounded<int>();
        private readonly List<int> _all = [];
        private int _count;

        public int[] Ended
        {
            get
            {
                lock (_all)
                {
                    return [.. _all];
                }
            }
        }

        public int Next() => Interlocked.Increment(ref _count);

        public void End(int number)
        {
            lock (_all)
            {
                _all.Add(number);
            }

            _ended.Writer.TryWrite(number);
        }

        public ValueTask<int> WaitAsync(CancellationToken cancellationToken) => _ended.Reader.ReadAsync(cancellationToken);
    }

    private sealed class Unit(Ledger ledger) : IAsyncDisposable
    {
        public int Number { get; } = ledger.Next();

        public async ValueTask DisposeAsync()
        {
            await Task.Yield();
            ledger.End(Number);
        }
    }
}
