using System.Net;
using Engine;
using Engine.Hosting;
using Engine.Http1;
using Engine.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;
using Worker;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddSingleton(TimeProvider.System).AddScoped<Greeter>().AddSingleton<Figures>();

// Two servers: one for the world, one for probes. Where they listen stands in appsettings.json; ENGINE__SERVERS__PUBLIC__LISTEN__0 and the command line go before it.
builder.Services.AddEngine()
    .AddHttpServer("public", static server => server.Map(static (routes, services) => routes
        .MapGet("/hello/{name}", static context => context.Response.WriteAsync(context.Services.GetRequiredService<Greeter>().Greet(context.RouteParameters["name"]!)))
        .MapGet("/slow", static async context =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            await context.Response.WriteAsync("answered\n");
        })
        .MapScopedWebSocket("/chat", services, static async (socket, own, closed) =>
        {
            Greeter greeter = own.GetRequiredService<Greeter>();
            await foreach (ReceivedMessage message in socket.ReadAllAsync(closed))
            {
                using (message)
                {
                    await socket.SendTextAsync(greeter.Greet(message.GetText()), cancellationToken: closed);
                }
            }
        })))
    .AddHttpServer("admin", static server => server.MapHealthChecks().Map(static (routes, services) =>
    {
        // A page that draws the worker's own figures, for those without a collector.
        Figures figures = services.GetRequiredService<Figures>();
        byte[] page = ReadPage();
        routes.MapGet("/", context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(page);
        });
        routes.MapGet("/figures", context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(figures.Read());
        });
    }));

// Metrics and traces go to the collector that the usual variables name, OTEL_EXPORTER_OTLP_ENDPOINT before all; without it nothing is measured.
if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 })
{
    builder.Services.AddOpenTelemetry()
        .ConfigureResource(static resource => resource.AddService("worker"))
        .WithMetrics(static metrics => metrics.AddMeter(EngineMetrics.MeterName, HttpTelemetry.MeterName))
        .WithTracing(static traces => traces.AddSource(HttpTelemetry.ActivitySourceName))
        .UseOtlpExporter();
}

using IHost host = builder.Build();
await host.StartAsync();
EngineServers servers = host.Services.GetRequiredService<EngineServers>();
foreach (string name in servers.Names)
{
    foreach (EndPoint endPoint in servers[name].EndPoints)
    {
        Console.WriteLine($"{name} listening on http://{endPoint}");
    }
}

await host.WaitForShutdownAsync();

static byte[] ReadPage()
{
    using Stream page = typeof(Figures).Assembly.GetManifestResourceStream("figures.html")!;
    using var bytes = new MemoryStream();
    page.CopyTo(bytes);
    return bytes.ToArray();
}
