using Chat;
using Engine.Http1;
using Engine.PubSub;
using Samples;

if (CommandLine.Parse("Chat", args, "--journal FILE", "--backplane nats://HOST:PORT|redis://HOST:PORT|amqp://HOST:PORT", "--secret TEXT") is not { } line)
{
    return 2;
}

if (line["--journal"] is not null && line["--backplane"] is not null)
{
    Console.Error.WriteLine("either --journal or --backplane: the broker keeps the rooms");
    return 2;
}

if (!Brokers.TryConnect(line["--backplane"], out IBackplane? backplane))
{
    Console.Error.WriteLine($"not understood: --backplane {line["--backplane"]}");
    return 2;
}

await using HttpServer server = SampleServer.Create(line);
await using IBackplane? joined = backplane;
using Journal? journal = line["--journal"] is { } file ? new Journal(file) : null;
using var site = new ChatSite(journal, joined, line["--secret"]);
site.Map(server, Path.Combine(AppContext.BaseDirectory, "pages"));
return await SampleServer.RunAsync(server, line);
