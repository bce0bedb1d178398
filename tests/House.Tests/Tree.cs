using System.Runtime.CompilerServices;

namespace House.Tests;

/// <summary>The repository as text: found from where this file was compiled or runs, read once, without what builds leave behind.</summary>
internal static class Tree
{
    private static readonly string[] Leftovers = ["bin", "obj", "node_modules", "artifacts", ".git", ".vs", ".idea", "TestResults", "BenchmarkDotNet.Artifacts"];

    // The brokers share one: the same contract for each. A contract's generator and tool make sense together only.
    private static readonly string[] Families = ["Engine.Backplane", "Engine.TypeScript"];

    private static readonly Lazy<string> LazyRoot = new(() => FindRoot());
    private static readonly Lazy<IReadOnlyList<string>> LazyFiles = new(() => [.. List(Root).Order(StringComparer.Ordinal)]);
    private static readonly Lazy<IReadOnlyList<SourceFile>> LazySources = new(() =>
        [.. Files.Where(path => path.EndsWith(".cs", StringComparison.Ordinal)).Select(SourceFile.Read)]);

    /// <summary>Absolute path of the folder that holds Engine.sln.</summary>
    public static string Root => LazyRoot.Value;

    /// <summary>Every file, relative to <see cref="Root"/>, with forward slashes.</summary>
    public static IReadOnlyList<string> Files => LazyFiles.Value;

    /// <summary>Every C# file.</summary>
    public static IReadOnlyList<SourceFile> Sources => LazySources.Value;

    /// <summary>The C# files of the packages.</summary>
    public static IEnumerable<SourceFile> Shipped => Sources.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal));

    /// <summary>The projects under src/ by name, in the order of the map.</summary>
    public static IEnumerable<string> ShippedProjects => Files
        .Where(path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".csproj", StringComparison.Ordinal))
        .Select(path => System.IO.Path.GetFileNameWithoutExtension(path)!);

    /// <summary>The project that tests a package: its own, or the one that a family of packages shares.</summary>
    public static string TestsOf(string package)
        => (Families.FirstOrDefault(family => package.StartsWith(family + ".", StringComparison.Ordinal)) ?? package) + ".Tests";

    public static string Absolute(string path) => System.IO.Path.Combine(Root, path);

    public static string ReadText(string path) => File.ReadAllText(Absolute(path)).ReplaceLineEndings("\n");

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        foreach (string start in new[] { AppContext.BaseDirectory, System.IO.Path.GetDirectoryName(thisFile)! })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(System.IO.Path.Combine(folder.FullName, "Engine.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new DirectoryNotFoundException("No folder above the tests holds Engine.sln.");
    }

    private static IEnumerable<string> List(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            // A worktree has a .git file where a clone has a folder.
            if (System.IO.Path.GetFileName(file) != ".git")
            {
                yield return System.IO.Path.GetRelativePath(Root, file).Replace('\\', '/');
            }
        }

        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            if (!Leftovers.Contains(System.IO.Path.GetFileName(inner), StringComparer.Ordinal))
            {
                foreach (string file in List(inner))
                {
                    yield return file;
                }
            }
        }
    }
}
