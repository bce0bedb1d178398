// A game whose server decides: dotnet run --project samples/Game
// Load for one that runs, from another terminal: dotnet run --project samples/Game -- --load ws://127.0.0.1:8080/play [--bots 200] [--seconds 60]
using System.Globalization;
using Engine.Http1;
using Game;
using Samples;

if (CommandLine.Parse("Game", args, "--load URI", "--bots N", "--seconds N") is not { } line)
{
    return 2;
}

if (line["--load"] is { } target)
{
    int Number(string option, int standard) => int.TryParse(line[option], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : standard;
    return await LoadRun.RunAsync(new Uri(target), Number("--bots", 200), TimeSpan.FromSeconds(Number("--seconds", 60)));
}

await using HttpServer server = SampleServer.Create(line);
using var site = new GameSite();
site.Map(server, Path.Combine(AppContext.BaseDirectory, "pages"), () => server.Engine.Metrics.BytesSent);
return await SampleServer.RunAsync(server, line);
