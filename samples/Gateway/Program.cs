// What speaks to models, for the clients that speak so already: dotnet run --project samples/Gateway
//   npm openai                        baseURL http://127.0.0.1:8080/v1
//   npm @modelcontextprotocol/client  http://127.0.0.1:8080/mcp, revision 2026-07-28; @modelcontextprotocol/sdk for 2025-11-25 and earlier
using System.Globalization;
using Engine.Http1;
using Gateway;
using Samples;

if (CommandLine.Parse("Gateway", args, "--ttl SECONDS", "--jobs N") is not { } line)
{
    return 2;
}

var limits = new JobLimits();
if (double.TryParse(line["--ttl"], CultureInfo.InvariantCulture, out double seconds))
{
    limits = limits with { KeptFor = TimeSpan.FromSeconds(seconds) };
}

if (int.TryParse(line["--jobs"], CultureInfo.InvariantCulture, out int jobs))
{
    limits = limits with { MaxRunning = jobs };
}

await using HttpServer server = SampleServer.Create(line);
using var site = new GatewaySite(limits);
site.Map(server, Path.Combine(AppContext.BaseDirectory, "pages"));
return await SampleServer.RunAsync(server, line);
