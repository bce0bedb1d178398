using System.Diagnostics.Metrics;
using System.Net;
using Engine.Http1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Makes servers of their settings.</summary>
internal sealed class ServerFactory(IServiceProvider services, IOptionsMonitor<HttpServerSettings> settings, IOptions<EngineHostOptions> hostOptions)
{
    /// <summary>Makes a server that has not been started.</summary>
    /// <param name="definition">What it was told.</param>
    /// <param name="watch">Keeps its certificates; null when it has none from files. The caller disposes it.</param>
    public HttpServer Create(ServerDefinition definition, out CertificateWatch? watch)
    {
        HttpServerSettings own = settings.Get(definition.Name);
        HttpServerOptions options = ToOptions(own);
        options.Server.Name = definition.Name;
        options.Server.LoggerFactory = services.GetService<ILoggerFactory>();
        options.Server.MeterFactory = services.GetService<IMeterFactory>();
        IServiceScopeFactory scopes = services.GetRequiredService<IServiceScopeFactory>();
        options.CreateRequestServices = () => new ServiceScope(scopes);
        watch = null;
        try
        {
            if (own.Certificates.Count > 0)
            {
                options.Server.Tls = new TlsOptions();
                ILogger logger = options.Server.LoggerFactory?.CreateLogger("Engine.Hosting") ?? NullLogger.Instance;
                watch = new CertificateWatch(own.Certificates, options.Server.Tls.Certificates, hostOptions.Value.CertificateCheckInterval, logger);
            }

            definition.Options.ForEach(configure => configure(options, services));
            var server = new HttpServer(options);
            definition.Maps.ForEach(map => map(server, services));
            return server;
        }
        catch
        {
            watch?.Stop();
            watch = null;
            throw;
        }
    }

    /// <summary>Throws for a number that is out of its range, under the name that it has in the settings.</summary>
    public static void CheckNumbers(HttpServerSettings settings)
    {
        var numbers = new ServerOptions();
        CopyNumbers(settings, numbers);
        numbers.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
        numbers.Validate();
    }

    private static HttpServerOptions ToOptions(HttpServerSettings settings)
    {
        var options = new HttpServerOptions
        {
            Transport = settings.Transport,
            HandlerScheduling = settings.HandlerScheduling,
            ServerHeader = settings.ServerHeader,
            Limits = settings.Limits,
        };
        CopyNumbers(settings, options.Server);
        options.Server.Connections = settings.Connections;
        options.Server.ReusePort = settings.ReusePort;
        IReadOnlyList<InheritedEndPoint> inherited = InheritedEndPoint.FromEnvironment();
        foreach (string text in settings.Listen)
        {
            foreach (EndPoint endPoint in EndPointText.Parse(text, inherited, out string? error) ?? throw new InvalidOperationException($"{text}: {error}"))
            {
                options.EndPoints.Add(endPoint);
            }
        }

        if (settings.TrustedProxies.Count > 0)
        {
            options.Server.ProxyProtocol = new ProxyProtocolOptions();
            foreach (string network in settings.TrustedProxies)
            {
                options.Server.ProxyProtocol.TrustedNetworks.Add(IPNetwork.Parse(network));
            }
        }

        return options;
    }

    private static void CopyNumbers(HttpServerSettings settings, ServerOptions options)
    {
        options.LoopCount = settings.LoopCount;
        options.Backlog = settings.Backlog;
        options.MaxConcurrentConnections = settings.MaxConcurrentConnections;
        options.MaxConnectionsPerAddress = settings.MaxConnectionsPerAddress;
        options.MaxAcceptsPerSecond = settings.MaxAcceptsPerSecond;
        options.MaxTotalOutboundBytes = settings.MaxTotalOutboundBytes;
    }
}
