using System.Diagnostics;
using System.Net.WebSockets;
using Engine.TestKit;
using Engine.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Engine.Hosting.Tests;

/// <summary>Servers start with the host and stop with it, in order and in time.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class ServersServiceTests
{
    [Test]
    public async Task A_stop_answers_what_runs_and_closes_sockets_as_going_away(CancellationToken cancellationToken)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayGoOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestHost host = await TestHost.StartAsync(services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server).Map((routes, _) =>
        {
            routes.MapGet("/slow", async context =>
            {
                entered.SetResult();
                await mayGoOn.Task;
                await context.Response.WriteAsync("answered");
            });
            routes.MapWebSocket("/chat", static async (socket, ct) =>
            {
                await foreach (ReceivedMessage _ in socket.ReadAllAsync(ct))
                {
                }
            });
        })));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{host.EndPoint("web")}/chat"), cancellationToken);
        Task<RawHttpResponse> slow = host.GetAsync("web", "/slow");
        await entered.Task;

        Task stop = host.StopAsync(cancellationToken);
        await host.Log.WaitForAsync("Draining 2 connections", cancellationToken);
        WebSocketReceiveResult end = await socket.ReceiveAsync(new byte[16], cancellationToken);
        Assert.That(end.CloseStatus, Is.EqualTo(WebSocketCloseStatus.EndpointUnavailable));
        await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, cancellationToken);
        mayGoOn.SetResult();
        Assert.That((await slow).Text, Is.EqualTo("answered"));
        await stop;
    }

    [Test]
    public async Task A_peer_that_does_not_end_is_reset_within_the_shutdown_time(CancellationToken cancellationToken)
    {
        await using TestHost host = await TestHost.StartAsync(static services =>
        {
            services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
            services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server)
                .Map((routes, _) => routes.MapGet("/never", static context => new ValueTask(Task.Delay(Timeout.Infinite, context.Connection.ClosedToken)))));
        });
        await using RawClient client = await host.ConnectAsync("web");
        await client.SendAsync("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
        while (host.Servers["web"].Engine.ConnectionCount == 0)
        {
            await Task.Yield();
        }

        long began = Stopwatch.GetTimestamp();
        await host.StopAsync(cancellationToken);
        Assert.That(Stopwatch.GetElapsedTime(began), Is.InRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), "the host's other services get their part of the time");
        await client.ReadToEndAsync();
        Assert.That(client.SawReset, Is.True);
    }

    [Test]
    public async Task A_drain_timeout_of_ones_own_counts_instead(CancellationToken cancellationToken)
    {
        await using TestHost host = await TestHost.StartAsync(
            static services => services.AddEngine(static engine => engine.DrainTimeout = TimeSpan.FromMilliseconds(50)).AddHttpServer("web", server => TestHost.OnFreePort(server)
                .Map((routes, _) => routes.MapGet("/never", static context => new ValueTask(Task.Delay(Timeout.Infinite, context.Connection.ClosedToken))))));
        await using RawClient client = await host.ConnectAsync("web");
        await client.SendAsync("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
        long began = Stopwatch.GetTimestamp();
        await host.StopAsync(cancellationToken);
        Assert.That(Stopwatch.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task Ready_is_false_while_the_servers_still_accept(CancellationToken cancellationToken)
    {
        await using TestHost host = TestHost.Build(
            static services => services.AddEngine().AddHttpServer("web", server => TestHost.OnFreePort(server).MapHealthChecks()), ("Engine:DrainDelay", "00:00:01"));
        Assert.That(host.Servers.IsReady, Is.False);
        await host.StartAsync();
        Assert.That((await host.GetAsync("web", "/health/ready")).StatusCode, Is.EqualTo(200));
        Task stop = host.StopAsync(cancellationToken);
        await host.Log.WaitForAsync("Not ready any more", cancellationToken);
        RawHttpResponse ready = await host.GetAsync("web", "/health/ready");
        RawHttpResponse live = await host.GetAsync("web", "/health/live");
        Assert.That(ready.StatusCode, Is.EqualTo(503));
        Assert.That(ready.Text, Is.EqualTo("Unhealthy\nengine-ready: Unhealthy, starting or stopping\n"));
        Assert.That(ready["Cache-Control"], Is.EqualTo("no-store"));
        Assert.That(live.StatusCode, Is.EqualTo(200));
        await stop;
    }

    [Test]
    public async Task Live_fails_while_a_handler_blocks_a_loop(CancellationToken cancellationToken)
    {
        using var entered = new SemaphoreSlim(0);
        using var mayGoOn = new ManualResetEventSlim();
        await using TestHost host = await TestHost.StartAsync(services => services.AddEngine(static engine => engine.MaxLoopLag = TimeSpan.FromMilliseconds(20))
            .AddHttpServer("web", server => TestHost.OnFreePort(server).Map((routes, _) => routes.MapGet("/block", _ =>
            {
                entered.Release();
                mayGoOn.Wait(cancellationToken);
                return default;
            })))
            .AddHttpServer("admin", server => TestHost.OnFreePort(server).MapHealthChecks()));
        Task<RawHttpResponse> blocked = host.GetAsync("web", "/block");
        await entered.WaitAsync(cancellationToken);
        int status;
        do
        {
            status = (await host.GetAsync("admin", "/health/live")).StatusCode;
        }
        while (status == 200);
        Assert.That(status, Is.EqualTo(503));
        mayGoOn.Set();
        await blocked;
    }
}
