using System.Globalization;
using Engine.WebSockets;

// The engine's WebSocketClient as an echo, driven by a fuzzing server: the official suite's or conformance/Runner's.
// It asks how many cases there are, connects once for each, sends back what comes, and asks for the reports at the end.
string? url = null;
string agent = "WebSocketClient";
for (int i = 0; i + 1 < args.Length; i += 2)
{
    switch (args[i])
    {
        case "--url": url = args[i + 1]; break;
        case "--agent": agent = args[i + 1]; break;
        default: url = null; break;
    }
}

if (url is null)
{
    Console.Error.WriteLine("usage: TestClient --url ws://127.0.0.1:N [--agent NAME]");
    return 2;
}

string count = "0";
await TalkAsync("/getCaseCount", (_, message) =>
{
    count = message.GetText();
    return ValueTask.CompletedTask;
});
int cases = int.Parse(count, NumberStyles.None, CultureInfo.InvariantCulture);
for (int i = 1; i <= cases; i++)
{
    await TalkAsync($"/runCase?case={i.ToString(CultureInfo.InvariantCulture)}&agent={agent}", async (client, message) => await client.SendAsync(message));
}

await TalkAsync($"/updateReports?agent={agent}", (_, _) => ValueTask.CompletedTask);
Console.WriteLine($"{cases} cases");
return cases > 0 ? 0 : 1;

// One connection to its end. A server that breaks the protocol ends it too: that is what most cases are about.
async Task TalkAsync(string target, Func<WebSocketClient, ReceivedMessage, ValueTask> answer)
{
    WebSocketClientOptions options = new()
    {
        Reconnect = false,
        MaxOutboxBytes = 64 << 20,
        // Says that it can do without its own context: the suite's server asks for that in part of section 13, of clients that say so.
        Compression = new WebSocketCompressionOptions { ServerContextTakeover = true, ClientContextTakeover = false },
    };
    await using WebSocketClient client = new(new Uri(url + target), options);
    await client.ConnectAsync();
    await foreach (ReceivedMessage message in client.ReadAllAsync())
    {
        await answer(client, message);
    }
}
