using Engine.Http1;
using Orders;
using Samples;

if (CommandLine.Parse("Orders", args) is not { } line)
{
    return 2;
}

await using HttpServer server = SampleServer.Create(line);
using var site = new OrdersSite();
site.Map(server, Path.Combine(AppContext.BaseDirectory, "pages"));
return await SampleServer.RunAsync(server, line);
