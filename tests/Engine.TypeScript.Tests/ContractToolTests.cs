using System.Diagnostics;
using Engine.TestKit;
using Engine.TypeScript.Tool;

namespace Engine.TypeScript.Tests;

/// <summary>The tool over files: what it writes, what it finds stale, and what it does while somebody works.</summary>
[Category("Interop")]
[CancelAfter(120_000)]
public sealed class ContractToolTests
{
    private const string Move = "/// <summary>A step.</summary>\n[Message(\"move\")] public record Move(int To); [MessageHandler] public partial class Board { void On(Move move) { } }";

    private static readonly string ToolPath = typeof(ContractTool).Assembly.Location;

    [Test]
    public async Task A_check_passes_until_the_contract_or_a_file_has_changed()
    {
        using var node = new Node();
        string game = node.PathOf("Game.dll"), typescript = node.PathOf("out/game.ts"), asyncApi = node.PathOf("out/game.json");
        string[] files = [game, "--out", typescript, "--asyncapi", asyncApi];
        Compiler.Build(Move, game);
        Assert.That(await RunAsync([.. files, "--check"]), Is.EqualTo((1, $"{typescript} is stale: write it again with engine-typescript {game} --out {typescript}\n{asyncApi} is stale: write it again with engine-typescript {game} --out {typescript}\n")));
        Assert.That(File.Exists(typescript), Is.False, "a check writes nothing");
        Assert.That(await RunAsync(files), Is.EqualTo((0, $"wrote {typescript}\nwrote {asyncApi}\n")));
        Assert.That(await RunAsync(files), Is.EqualTo((0, "")), "nothing has changed: the files keep their times");
        Assert.That(await RunAsync([.. files, "--check"]), Is.EqualTo((0, "")));

        Compiler.Build(Move.Replace("int To", "string To", StringComparison.Ordinal), game);
        Assert.That((await RunAsync([.. files, "--check"])).ExitCode, Is.EqualTo(1), "the record has changed");
        Assert.That((await RunAsync(files)).ExitCode, Is.Zero);
        await File.AppendAllTextAsync(typescript, "// mine\n");
        (int exitCode, string text) = await RunAsync([.. files, "--check"]);
        Assert.That((exitCode, text.Split('\n').Length), Is.EqualTo((1, 2)), "one file was changed by hand");
    }

    [Test]
    public async Task What_has_no_contract_is_told_apart()
    {
        using var node = new Node();
        node.Write("text.dll", "no assembly");
        Assert.That(await RunAsync([node.PathOf("text.dll"), "--out", node.PathOf("a.ts")]), Is.EqualTo((1, $"{node.PathOf("text.dll")} is no .NET assembly\n")));
        (int exitCode, string text) = await RunAsync([typeof(ChildProcess).Assembly.Location, "--out", node.PathOf("a.ts")]);
        Assert.That((exitCode, text.Contains("has no contract", StringComparison.Ordinal)), Is.EqualTo((1, true)), text);
        Assert.That((await RunAsync([node.PathOf("missing.dll"), "--out", node.PathOf("a.ts")])).ExitCode, Is.EqualTo(1));
        Assert.That(File.Exists(node.PathOf("a.ts")), Is.False);
    }

    [Test]
    public async Task The_program_says_how_it_is_used_and_ends_with_2()
    {
        await using ChildProcess tool = ChildProcess.Start("dotnet", [ToolPath, "--fast"]);
        Assert.That(await tool.WaitForExitAsync(TimeSpan.FromSeconds(60)), Is.EqualTo(2));
        Assert.That(tool.Error, Does.StartWith("not understood: --fast").And.Contain("usage: engine-typescript"));
    }

    [Test]
    public async Task A_changed_record_is_an_error_in_the_TypeScript_of_its_user_while_both_watch()
    {
        using var node = new Node();
        string game = node.PathOf("Game.dll");
        Compiler.Build(Move, game);
        node.Write("page.ts", "import { encodeBoardToServer, type Move } from \"./game.js\";\nconst move: Move = { type: \"move\", to: 5 };\nencodeBoardToServer(move);\n");

        // dotnet with its signals: a shell that runs the tests in its background has SIGINT ignored.
        await using ChildProcess tool = ChildProcess.Start("env", ["--default-signal=INT", "dotnet", ToolPath, game, "--out", node.PathOf("game.ts"), "--watch"]);
        await tool.WaitForLineAsync(static line => line.StartsWith("wrote ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        await using ChildProcess compiler = node.Start([.. Node.Strict("typescript-5"), "--watch", "--preserveWatchOutput", "--noEmit", "page.ts"]);
        await compiler.WaitForLineAsync(static line => line.Contains("Found 0 errors", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        long began = Stopwatch.GetTimestamp();
        Compiler.Build(Move.Replace("int To", "string To", StringComparison.Ordinal), game);
        await compiler.WaitForLineAsync(static line => line.StartsWith("page.ts(2,", StringComparison.Ordinal) && line.Contains("TS2322", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        TestContext.Out.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0} ms from the changed record to the error");

        await tool.SignalAsync("INT");
        Assert.That(await tool.WaitForExitAsync(TimeSpan.FromSeconds(60)), Is.Zero);
    }

    [Test]
    public async Task The_lobby_page_has_the_contract_of_the_lobby()
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string lobby = Path.Combine(Node.Repository, "samples", "Lobby");
        Assert.That(
            await RunAsync([Path.Combine(lobby, "bin", configuration, "net10.0", "Lobby.dll"), "--out", Path.Combine(lobby, "contract.ts"), "--asyncapi", Path.Combine(lobby, "contract.json"), "--check"]),
            Is.EqualTo((0, "")));
    }

    private static async Task<(int ExitCode, string Text)> RunAsync(string[] line)
    {
        ToolOptions options = ToolOptions.Parse(line, out string error) ?? throw new InvalidOperationException(error);
        using var text = new StringWriter { NewLine = "\n" };
        return (await new ContractTool(options, text, text).RunAsync(TestContext.CurrentContext.CancellationToken), text.ToString());
    }
}
