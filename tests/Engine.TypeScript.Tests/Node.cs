using Engine.TestKit;

namespace Engine.TypeScript.Tests;

/// <summary>A folder for one test's files in which node finds the modules of this project.</summary>
internal sealed class Node : IDisposable
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(2);

    public Node()
    {
        string modules = Path.Combine(Repository, "tests", "Engine.TypeScript.Tests", "node", "node_modules");
        Assert.That(Path.Exists(Path.Combine(modules, "typescript")), "run ./build.sh test, which installs the modules of tests/Engine.TypeScript.Tests/node");
        Directory.CreateSymbolicLink(Path.Combine(Folder, "node_modules"), modules);
        File.WriteAllText(Path.Combine(Folder, "package.json"), """{ "type": "module" }""");
    }

    /// <summary>The folder of Engine.sln.</summary>
    public static string Repository { get; } = FindRepository();

    public string Folder { get; } = Directory.CreateTempSubdirectory("engine-typescript-").FullName;

    /// <summary>The compiler with all that it can be strict about.</summary>
    /// <param name="package">typescript is the native one of version 7; typescript-5 is the one before, whose --watch sees files that are replaced.</param>
    public static string[] Strict(string package) =>
    [
        $"node_modules/{package}/bin/tsc", "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals", "--noUnusedParameters", "--noImplicitReturns",
        "--target", "es2022", "--module", "nodenext", "--pretty", "false",
    ];

    public string PathOf(string name) => Path.Combine(Folder, name);

    public void Write(string name, string text) => File.WriteAllText(PathOf(name), text);

    /// <summary>Copies one of the files beside these tests.</summary>
    public void Copy(string name) => File.Copy(Path.Combine(Repository, "tests", "Engine.TypeScript.Tests", "node", name), PathOf(name));

    public ChildProcess Start(params string[] arguments) => ChildProcess.Start("node", arguments, Folder);

    /// <summary>Runs node to its end; returns what it wrote.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        await using ChildProcess process = Start(arguments);
        int exitCode = await process.WaitForExitAsync(LongEnough);
        return (exitCode, process.Output + process.Error);
    }

    public void Dispose()
    {
        // The link goes first: what it leads to stays.
        Directory.Delete(PathOf("node_modules"));
        Directory.Delete(Folder, recursive: true);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
