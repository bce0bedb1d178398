using Chat;
using Engine.Http1;
using Samples;

if (CommandLine.Parse("Chat", args, "--journal FILE") is not { } line)
{
    return 2;
}

await using HttpServer server = SampleServer.Create(line);
using Journal? journal = line["--journal"] is { } file ? new Journal(file) : null;
using var site = new ChatSite(journal);
site.Map(server, Path.Combine(AppContext.BaseDirectory, "pages"));
return await SampleServer.RunAsync(server, line);
