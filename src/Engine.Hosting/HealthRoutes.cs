using System.Globalization;
using System.Text;
using Engine.Http1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Hosting;

/// <summary>Answers probes by the checks of the host that carry a tag.</summary>
internal static class HealthRoutes
{
    public const string LiveTag = "live";
    public const string ReadyTag = "ready";

    public static void Map(HttpServer server, IServiceProvider services, string livePattern, string readyPattern)
    {
        HealthCheckService checks = services.GetRequiredService<HealthCheckService>();
        server.MapGet(livePattern, context => AnswerAsync(context, checks, LiveTag));
        server.MapGet(readyPattern, context => AnswerAsync(context, checks, ReadyTag));
    }

    private static async ValueTask AnswerAsync(HttpContext context, HealthCheckService checks, string tag)
    {
        HealthReport report = await checks.CheckHealthAsync(check => check.Tags.Contains(tag), context.RequestAborted).ConfigureAwait(true);
        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? 503 : 200;
        context.Response.Headers.Set("Cache-Control", "no-store");
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(Text(report), CancellationToken.None).ConfigureAwait(true);
    }

    /// <summary>The status, then a line for each check that is not healthy. No exceptions: probes are often public.</summary>
    private static string Text(HealthReport report)
    {
        var text = new StringBuilder().Append(report.Status).Append('\n');
        foreach ((string name, HealthReportEntry entry) in report.Entries)
        {
            if (entry.Status != HealthStatus.Healthy)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {entry.Status}").Append(entry.Description is null ? "" : $", {entry.Description}").Append('\n');
            }
        }

        return text.ToString();
    }
}
