using System.Net;
using Engine.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engine.Hosting.Tests;

/// <summary>A Generic Host without the machine's own settings, on free ports of the loopback.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly IHost _host;

    private TestHost(IHost host) => _host = host;

    public IServiceProvider Services => _host.Services;

    public EngineServers Servers => _host.Services.GetRequiredService<EngineServers>();

    public LogLines Log => _host.Services.GetRequiredService<LogLines>();

    /// <summary>Builds a host that has not been started.</summary>
    /// <param name="configure">Adds servers. Each listens on a free port unless the configuration says where.</param>
    /// <param name="configuration">Keys and values, below nothing else.</param>
    public static TestHost Build(Action<IServiceCollection> configure, params (string Key, string? Value)[] configuration)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(configuration.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
        var lines = new LogLines();
        builder.Logging.AddProvider(lines);
        builder.Services.AddSingleton(lines);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        configure(builder.Services);
        return new TestHost(builder.Build());
    }

    public static async Task<TestHost> StartAsync(Action<IServiceCollection> configure, params (string Key, string? Value)[] configuration)
    {
        TestHost host = Build(configure, configuration);
        await host.StartAsync();
        return host;
    }

    public static HttpServerBuilder OnFreePort(HttpServerBuilder server) => server.Configure(static settings =>
    {
        settings.LoopCount = settings.LoopCount == 0 ? 1 : settings.LoopCount;
        if (settings.Listen.Count == 0)
        {
            settings.Listen.Add("127.0.0.1:0");
        }
    });

    public Task StartAsync() => _host.StartAsync();

    public Task StopAsync(CancellationToken cancellationToken = default) => _host.StopAsync(cancellationToken);

    public EndPoint EndPoint(string server) => Servers[server].EndPoint;

    public Task<RawClient> ConnectAsync(string server) => RawClient.ConnectAsync(EndPoint(server));

    public async Task<RawHttpResponse> GetAsync(string server, string path)
    {
        await using RawClient client = await ConnectAsync(server);
        return await client.RequestAsync($"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable later)
        {
            await later.DisposeAsync();
        }
    }
}
