using Engine.TypeScript.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Engine.Interop.Tests;

/// <summary>Every block of C# in README and docs compiles against the packages, as a program of its own.</summary>
public sealed class DocumentTests
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly string[] Packages = ["Engine", "Engine.Http1", "Engine.PubSub", "Engine.WebSockets", "Engine.Sse", "Engine.StaticFiles", "Engine.Hosting", "Engine.TypeScript"];

    private static IEnumerable<TestCaseData> Blocks()
    {
        string[] documents = ["README.md", .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Select(static path => $"docs/{Path.GetFileName(path)}").Order(StringComparer.Ordinal)];
        foreach (string document in documents)
        {
            string text = File.ReadAllText(Path.Combine(Repository.Root, document));
            string[] blocks = [.. text.Split("```csharp\n").Skip(1).Select(static block => block.Split("\n```")[0])];
            for (int i = 0; i < blocks.Length; i++)
            {
                yield return new TestCaseData(blocks[i]).SetArgDisplayNames($"{document} {i + 1}");
            }
        }
    }

    [TestCaseSource(nameof(Blocks))]
    public void Each_block_compiles(string block)
    {
        var parsing = new CSharpParseOptions(LanguageVersion.Latest);
        SyntaxTree[] trees = [CSharpSyntaxTree.ParseText(block, parsing, path: "Block.cs"), CSharpSyntaxTree.ParseText(ImplicitUsings, parsing, path: "Usings.cs")];
        var compiling = new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true);
        CSharpCompilation compilation = CSharpCompilation.Create("Block", trees, References(), compiling);
        CSharpGeneratorDriver.Create(Generators(), parseOptions: parsing).RunGeneratorsAndUpdateCompilation(compilation, out Compilation whole, out _);
        IEnumerable<string> errors = whole.GetDiagnostics()
            .Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .Select(static diagnostic => diagnostic.ToString());
        Assert.That(errors, Is.Empty, block);
    }

    private static IEnumerable<MetadataReference> References()
    {
        string[] runtime = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        IEnumerable<string> own = Packages.Select(static name => Path.Combine(AppContext.BaseDirectory, $"{name}.dll"));
        HashSet<string> taken = [.. Packages];
        return own.Concat(runtime.Where(path => !taken.Contains(Path.GetFileNameWithoutExtension(path)))).Select(static path => MetadataReference.CreateFromFile(path));
    }

    /// <summary>Those of the framework, such as the one that writes JSON contexts; they stand beside the reference assemblies of the SDK.</summary>
    private static System.Collections.Immutable.ImmutableArray<ISourceGenerator> Generators()
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        string? folder = Directory.GetDirectories(Path.Combine(root, "packs", "Microsoft.NETCore.App.Ref")).Where(static path => Path.GetFileName(path).StartsWith("10.", StringComparison.Ordinal)).Max(StringComparer.Ordinal);
        Assert.That(folder, Is.Not.Null, "the SDK's reference pack");
        var reference = new AnalyzerFileReference(Path.Combine(folder!, "analyzers", "dotnet", "cs", "System.Text.Json.SourceGeneration.dll"), new Loader());
        return reference.GetGenerators(LanguageNames.CSharp).Add(new ContractGenerator().AsSourceGenerator());
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        public System.Reflection.Assembly LoadFromPath(string fullPath) => System.Reflection.Assembly.LoadFrom(fullPath);
    }
}
