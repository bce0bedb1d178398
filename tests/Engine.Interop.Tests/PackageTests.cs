using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Engine.Http1;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>The packages as a user gets them: packed, restored from a folder into an empty one, built upon and run.</summary>
[Category("Interop")]
[CancelAfter(300_000)]
public sealed partial class PackageTests
{
    private const string Tool = "Engine.TypeScript.Tool";

    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(4);

    private string _folder = "";
    private string _version = "";

    private string Feed => Path.Combine(_folder, "feed");

    [OneTimeSetUp]
    public async Task PackAsync()
    {
        _folder = Directory.CreateTempSubdirectory("engine-packages-").FullName;

        // A version that no cache has seen.
        _version = $"0.0.1-test.{DateTime.UtcNow:yyyyMMddHHmmss}.{Environment.ProcessId}";
        await DotnetAsync(Repository.Root, "pack", "Engine.sln", "--no-build", "-c", Repository.Configuration, $"-p:Version={_version}", "-o", Feed);
    }

    [OneTimeTearDown]
    public void Remove()
    {
        Directory.Delete(_folder, recursive: true);
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string package in Projects().Select(name => Path.Combine(cache, name.ToLowerInvariant(), _version)).Where(Directory.Exists))
        {
            Directory.Delete(package, recursive: true);
        }
    }

    [Test]
    public void Each_package_holds_what_a_user_needs()
    {
        Assert.That(Directory.GetFiles(Feed, "*.nupkg").Select(path => Path.GetFileName(path)), Is.EquivalentTo(Projects().Select(name => $"{name}.{_version}.nupkg")));
        foreach (string name in Projects())
        {
            string library = name == Tool ? "tools/net10.0/any" : "lib/net10.0";
            using ZipArchive package = ZipFile.OpenRead(Path.Combine(Feed, $"{name}.{_version}.nupkg"));
            Assert.That(
                package.Entries.Select(entry => entry.FullName),
                Is.SupersetOf((string[])["README.md", "icon.png", $"{library}/{name}.dll", .. name == Tool ? [] : new[] { $"{library}/{name}.xml" }]),
                name);
            using Stream nuspec = package.GetEntry($"{name}.nuspec")!.Open();
            XElement metadata = XDocument.Load(nuspec).Root!.Elements().Single();
            string? Value(string element) => (string?)metadata.Elements().SingleOrDefault(one => one.Name.LocalName == element);
            Assert.Multiple(() =>
            {
                Assert.That(Value("license"), Is.EqualTo("MIT"), name);
                Assert.That(Value("readme"), Is.EqualTo("README.md"), name);
                Assert.That(Value("icon"), Is.EqualTo("icon.png"), name);
                Assert.That(Value("tags"), Is.Not.Empty, name);
                Assert.That(Value("description"), Is.Not.Empty.And.Not.EqualTo("Package Description"), name);
            });
            using ZipArchive symbols = ZipFile.OpenRead(Path.Combine(Feed, $"{name}.{_version}.snupkg"));
            Assert.That(symbols.GetEntry($"{library}/{name}.pdb"), Is.Not.Null, name);
        }
    }

    [Test]
    public async Task A_contract_built_of_the_package_is_written_as_TypeScript_by_the_installed_tool()
    {
        string folder = Path.Combine(_folder, "contract");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "Contract.cs"), """
            using Engine.TypeScript;

            [Message("move")]
            public record Move(long To);

            [MessageHandler]
            public partial class Board
            {
                public static bool IsJson => ContractJson.Move is not null;

                private static void On(Move move) => _ = move;
            }
            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "Game.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <Using Include="Game" />
                <PackageReference Include="Engine.TypeScript" Version="{_version}" />
              </ItemGroup>
            </Project>
            """);
        await WriteFeedAsync(folder);
        await DotnetAsync(folder, "build", "-o", Path.Combine(folder, "out"), "--nologo");
        string tools = Path.Combine(folder, "tools");
        await DotnetAsync(folder, "tool", "install", Tool, "--tool-path", tools, "--version", _version, "--add-source", Feed);
        await using ChildProcess tool = ChildProcess.Start(Path.Combine(tools, "engine-typescript"), [Path.Combine(folder, "out", "Game.dll"), "--out", Path.Combine(folder, "game.ts")]);
        Assert.That(await tool.WaitForExitAsync(LongEnough), Is.Zero, tool.Error);
        Assert.That(await File.ReadAllTextAsync(Path.Combine(folder, "game.ts")), Does.Contain("export type BoardToServer = Move;").And.Contain("  to: string;"));
    }

    [Test]
    public async Task A_worker_built_of_the_packages_alone_serves_reports_and_stops_in_order_under_load(CancellationToken cancellationToken)
    {
        string program = await BuildWorkerAsync();
        await using var collector = await Collector.StartAsync();
        await using ChildProcess worker = ChildProcess.Start(
            "env",
            ["--default-signal=INT", "dotnet", program],
            environment: new Dictionary<string, string?>
            {
                ["Engine__Servers__public__Listen__0"] = "127.0.0.1:0",
                ["Engine__Servers__admin__Listen__0"] = "127.0.0.1:0",
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            });
        IPEndPoint open = await ReadyAsync(worker, "public");
        IPEndPoint admin = await ReadyAsync(worker, "admin");
        using var http = new HttpClient();
        Assert.That(await http.GetStringAsync(new Uri($"http://{open}/hello/you"), cancellationToken), Does.StartWith("Hello, you! Number 1 "));
        Assert.That(await http.GetStringAsync(new Uri($"http://{admin}/health/ready"), cancellationToken), Is.EqualTo("Healthy\n"));
        Assert.That(await http.GetStringAsync(new Uri($"http://{admin}/health/live"), cancellationToken), Is.EqualTo("Healthy\n"));
        await collector.WaitForAsync("http.server.request.duration", cancellationToken);
        await collector.WaitForAsync("GET /hello/{name}", cancellationToken);

        // Forty requests are under way, and ten sockets are open, when the signal comes.
        ClientWebSocket[] sockets = [.. Enumerable.Range(0, 10).Select(_ => new ClientWebSocket())];
        foreach (ClientWebSocket socket in sockets)
        {
            await socket.ConnectAsync(new Uri($"ws://{open}/chat"), cancellationToken);
            await socket.SendAsync("you"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            WebSocketReceiveResult greeted = await socket.ReceiveAsync(new byte[256], cancellationToken);
            Assert.That(greeted.MessageType, Is.EqualTo(WebSocketMessageType.Text));
        }

        RawClient[] clients = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => RawClient.ConnectAsync(open)));
        await Task.WhenAll(clients.Select(client => client.SendAsync("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n")));
        foreach (RawClient client in clients)
        {
            // Its first request is answered, so its second is with the handler.
            Assert.That((await client.ReadResponseAsync()).StatusCode, Is.EqualTo(200));
        }

        await worker.SignalAsync("TERM");
        foreach (RawClient client in clients)
        {
            Assert.That((await client.ReadResponseAsync()).Text, Is.EqualTo("answered\n"));
            await client.DisposeAsync();
        }

        foreach (ClientWebSocket socket in sockets)
        {
            WebSocketReceiveResult end = await socket.ReceiveAsync(new byte[256], cancellationToken);
            Assert.That(end.CloseStatus, Is.EqualTo(WebSocketCloseStatus.EndpointUnavailable));
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, cancellationToken);
            socket.Dispose();
        }

        Assert.That(await worker.WaitForExitAsync(TimeSpan.FromSeconds(30)), Is.Zero, "the host's shutdown time is 30 seconds");
        Assert.That(worker.Error, Is.Empty);
    }

    /// <summary>The worker sample's files with references to packages instead of projects. Returns the program.</summary>
    private async Task<string> BuildWorkerAsync()
    {
        string folder = Path.Combine(_folder, "worker");
        Directory.CreateDirectory(folder);
        string sample = Path.Combine(Repository.Root, "samples", "Worker");
        foreach (string file in (string[])["Program.cs", "Greeter.cs", "Figures.cs", "figures.html", "appsettings.json"])
        {
            File.Copy(Path.Combine(sample, file), Path.Combine(folder, file));
        }

        XDocument versions = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"));
        string VersionOf(string package) => (string)versions.Descendants("PackageVersion").Single(entry => (string?)entry.Attribute("Include") == package).Attribute("Version")!;
        string project = await File.ReadAllTextAsync(Path.Combine(sample, "Worker.csproj"));
        project = ProjectReference().Replace(project, match => $"<PackageReference Include=\"{match.Groups[1].Value}\" Version=\"{_version}\" />");
        project = PackageReference().Replace(project, match => $"<PackageReference Include=\"{match.Groups[1].Value}\" Version=\"{VersionOf(match.Groups[1].Value)}\" />");
        project = project.Replace("<OutputType>", "<TargetFramework>net10.0</TargetFramework>\n    <Nullable>enable</Nullable>\n    <ImplicitUsings>enable</ImplicitUsings>\n    <OutputType>", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "Worker.csproj"), project);
        await WriteFeedAsync(folder);
        await DotnetAsync(folder, "build", "-c", "Release", "-o", Path.Combine(folder, "out"), "--nologo");
        return Path.Combine(folder, "out", "Worker.dll");
    }

    /// <summary>Restores in a folder find what was packed.</summary>
    private Task WriteFeedAsync(string folder) => File.WriteAllTextAsync(
        Path.Combine(folder, "nuget.config"), $"<configuration><packageSources><add key=\"packed\" value=\"{Feed}\" /></packageSources></configuration>");

    private static async Task<IPEndPoint> ReadyAsync(ChildProcess worker, string name)
    {
        string ready = $"{name} listening on http://";
        string line = await worker.WaitForLineAsync(text => text.StartsWith(ready, StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        return IPEndPoint.Parse(line[ready.Length..]);
    }

    /// <summary>All but the generator, which is inside the package of what it generates for.</summary>
    private static IEnumerable<string> Projects()
        => Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => name != "Engine.TypeScript.Generator");

    private static async Task DotnetAsync(string folder, params string[] arguments)
    {
        // What the test host sets for itself would steer the build.
        Dictionary<string, string?> clean = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name is "DOTNET_HOST_PATH")
            .ToDictionary(name => name, string? (_) => null);
        clean["MSBUILDDISABLENODEREUSE"] = "1";
        clean["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        await using ChildProcess process = ChildProcess.Start("dotnet", arguments, folder, clean);
        Assert.That(await process.WaitForExitAsync(LongEnough), Is.Zero, () => $"dotnet {string.Join(' ', arguments)}\n{process.Output}\n{process.Error}");
    }

    [GeneratedRegex("""<ProjectReference Include="[^"]*/([\w.]+)\.csproj" />""")]
    private static partial Regex ProjectReference();

    [GeneratedRegex("""<PackageReference Include="(OpenTelemetry[\w.]*)" />""")]
    private static partial Regex PackageReference();

    /// <summary>Plays an OTLP collector over HTTP: takes everything, and knows the text in it. Its names and strings stand in protobuf as they are.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly ConcurrentQueue<string> _bodies = new();
        private readonly SemaphoreSlim _came = new(0);
        private readonly HttpServer _server = new(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), LoopCount = 1 });

        public string Address => $"http://{_server.EndPoint}";

        public static async Task<Collector> StartAsync()
        {
            var collector = new Collector();
            collector._server.MapPost("/v1/{kind}", async context =>
            {
                byte[] body = await context.Request.ReadBytesAsync(10_000_000);
                if (context.Request.Headers["Content-Encoding"] == "gzip")
                {
                    using var plain = new MemoryStream();
                    await using var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress);
                    await gzip.CopyToAsync(plain);
                    body = plain.ToArray();
                }

                collector._bodies.Enqueue(Encoding.Latin1.GetString(body));
                collector._came.Release();
                context.Response.ContentType = "application/x-protobuf";
            });
            await collector._server.StartAsync();
            return collector;
        }

        public async Task WaitForAsync(string text, CancellationToken cancellationToken)
        {
            while (!_bodies.Any(body => body.Contains(text, StringComparison.Ordinal)))
            {
                await _came.WaitAsync(cancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _server.DisposeAsync();
            _came.Dispose();
        }
    }
}
