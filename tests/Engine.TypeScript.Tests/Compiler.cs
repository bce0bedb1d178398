using Engine.TypeScript.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Engine.TypeScript.Tests;

/// <summary>Compiles a contract with the generator, as the compiler of a project would.</summary>
internal static class Compiler
{
    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Latest);

    private static readonly Lazy<MetadataReference[]> References = new(static () =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(static path => MetadataReference.CreateFromFile(path))]);

    public static CSharpCompilation Parse(string code, string name = "Game")
        => CSharpCompilation.Create(
            name,
            [CSharpSyntaxTree.ParseText($"using System; using System.Collections.Generic; using System.Threading.Tasks; using Engine.TypeScript;\n{code}", Parsing, path: "Contract.cs")],
            References.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    public static GeneratorDriver Driver() => CSharpGeneratorDriver.Create(
        [new ContractGenerator().AsSourceGenerator()], parseOptions: Parsing, driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    /// <summary>What is wrong with the code, and with what was generated for it.</summary>
    public static IReadOnlyList<Diagnostic> Diagnose(string code)
    {
        Driver().RunGeneratorsAndUpdateCompilation(Parse(code), out Compilation whole, out System.Collections.Immutable.ImmutableArray<Diagnostic> reported);
        return [.. reported.Concat(whole.GetDiagnostics()).Where(static one => one.Severity >= DiagnosticSeverity.Warning && one.Id != "CS1591")];
    }

    /// <summary>Compiles it into a file, which is replaced as a build replaces it.</summary>
    public static void Build(string code, string path)
    {
        Driver().RunGeneratorsAndUpdateCompilation(Parse(code, Path.GetFileNameWithoutExtension(path)), out Compilation whole, out _);
        using var bytes = new MemoryStream();
        Microsoft.CodeAnalysis.Emit.EmitResult result = whole.Emit(bytes);
        Assert.That(result.Success, string.Join('\n', result.Diagnostics));
        File.WriteAllBytes(path, bytes.ToArray());
    }
}
