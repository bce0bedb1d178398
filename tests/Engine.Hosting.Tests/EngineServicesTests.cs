using System.Net;
using Engine.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Engine.Hosting.Tests;

/// <summary>Several servers live with one host.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class EngineServicesTests
{
    [Test]
    public async Task Servers_of_one_host_serve_each_their_own_routes()
    {
        await using TestHost host = await TestHost.StartAsync(static services => services.AddEngine()
            .AddHttpServer("public", server => TestHost.OnFreePort(server).Map((routes, _) => routes.MapGet("/", context => context.Response.WriteAsync("public"))))
            .AddHttpServer("admin", server => TestHost.OnFreePort(server).Map((routes, _) => routes.MapGet("/", context => context.Response.WriteAsync("admin")))));
        Assert.That((await host.GetAsync("public", "/")).Text, Is.EqualTo("public"));
        Assert.That((await host.GetAsync("ADMIN", "/")).Text, Is.EqualTo("admin"));
        Assert.That(host.Servers.Names, Is.EquivalentTo((string[])["public", "admin"]));
        Assert.That(() => host.Servers["other"], Throws.TypeOf<KeyNotFoundException>());
    }

    [Test]
    public async Task Servers_added_by_two_calls_come_together()
    {
        await using TestHost host = await TestHost.StartAsync(static services =>
        {
            services.AddEngine().AddHttpServer("one", server => TestHost.OnFreePort(server));
            services.AddEngine().AddHttpServer("two", server => TestHost.OnFreePort(server));
        });
        Assert.That(host.Servers.Names, Is.EquivalentTo((string[])["one", "two"]));
    }

    [Test]
    public void A_name_that_is_taken_or_no_key_is_refused()
    {
        EngineBuilder engine = new ServiceCollection().AddEngine().AddHttpServer("one", static _ => { });
        Assert.That(() => engine.AddHttpServer("ONE", static _ => { }), Throws.ArgumentException.With.Message.Contains("ONE"));
        Assert.That(() => engine.AddHttpServer("a:b", static _ => { }), Throws.ArgumentException);
        Assert.That(() => engine.AddHttpServer(" ", static _ => { }), Throws.ArgumentException);
    }

    [Test]
    public async Task A_port_that_is_taken_fails_the_start_and_leaves_nothing_open()
    {
        await using TestHost first = await TestHost.StartAsync(static services => services.AddEngine().AddHttpServer("one", server => TestHost.OnFreePort(server)));
        await using TestHost second = TestHost.Build(
            static services => services.AddEngine().AddHttpServer("free", server => TestHost.OnFreePort(server)).AddHttpServer("taken", static _ => { }),
            ("Engine:Servers:taken:Listen:0", first.EndPoint("one").ToString()));
        Assert.That(second.StartAsync, Throws.InstanceOf<System.Net.Sockets.SocketException>());
        var freed = (IPEndPoint)second.EndPoint("free");
        Assert.That(async () => await RawClient.ConnectAsync(freed), Throws.InstanceOf<System.Net.Sockets.SocketException>());
    }

    [Test]
    public async Task Options_that_no_configuration_can_say_are_set_by_code()
    {
        Exception? seen = null;
        await using TestHost host = await TestHost.StartAsync(services => services.AddEngine().AddHttpServer("one", server => TestHost.OnFreePort(server)
            .ConfigureOptions((options, _) => options.OnError = (exception, _) => seen = exception)
            .Map((routes, _) => routes.MapGet("/", static _ => throw new InvalidOperationException("no")))));
        Assert.That((await host.GetAsync("one", "/")).StatusCode, Is.EqualTo(500));
        Assert.That(seen, Is.TypeOf<InvalidOperationException>());
        Assert.That(await host.Log.WaitForAsync("Error", TestContext.CurrentContext.CancellationToken), Does.Contain("Engine.Http1"));
    }
}
