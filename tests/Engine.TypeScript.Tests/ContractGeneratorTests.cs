using Engine.TypeScript.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Engine.TypeScript.Tests;

/// <summary>What the generator says of contracts that cannot be, and how little it does when nothing has changed.</summary>
[Category("Pure")]
public sealed class ContractGeneratorTests
{
    private const string Good = "[Message(\"a\")] public record A(int X, B[] Bs); public record B(long Y); [MessageHandler] public partial class H { void On(A a) { } }";

    [Test]
    public void A_good_contract_compiles_without_a_warning() => Assert.That(Compiler.Diagnose(Good), Is.Empty);

    [TestCase("[Message(\"a\")] public record A; [MessageHandler(Sends = [typeof(A)])] public partial class H;", TestName = "A_handler_that_only_sends_compiles")]
    [TestCase("[Message(\"a\")] public record A(string @class, E E); public enum E { @event }", TestName = "Names_that_are_words_of_the_language_compile")]
    [TestCase("[Message(\"a\")] public record A(B B); [Obsolete] public record B(int X);", TestName = "Obsolete_types_compile")]
    [TestCase("[Message(\"a\")] public struct A { public int X { get; set; } } [Message(\"b\")] public record struct B(int? X, A? Y, A[]? Z);", TestName = "Structs_compile")]
    [TestCase("namespace N; [Message(\"a\")] public record A(Outer.B X); public class Outer { public record B(Dictionary<Guid, List<B?>>? Y); }", TestName = "Types_inside_types_compile")]
    public void Contracts_of_every_form_compile(string code) => Assert.That(Compiler.Diagnose(code).Where(static one => one.Id is not ("CS0612" or "CS8981")), Is.Empty);

    [TestCase("[Message(\"a\")] public record A(object X);", "ENGTS001", "object")]
    [TestCase("[Message(\"a\")] public record A((int, int) X);", "ENGTS001", "(int, int)")]
    [TestCase("[Message(\"a\")] public record A(HashSet<int> X);", "ENGTS001", "HashSet")]
    [TestCase("[Message(\"a\")] public record A(int[,] X);", "ENGTS001", "int[*,*]")]
    [TestCase("[Message(\"a\")] public record A(B X); [Flags] public enum B { C }", "ENGTS001", "flags")]
    [TestCase("[Message(\"a\")] public record A(Dictionary<DateTime, int> X);", "ENGTS001", "keys are 'System.DateTime'")]
    [TestCase("[Message(\"a\")] public record A<T>(T X);", "ENGTS001", "generic message 'A'")]
    [TestCase("[Message(\"a\")] public record A(B X); public abstract record B;", "ENGTS002", "'B' is abstract")]
    [TestCase("[Message(\"a\")] public class A { public A(int hidden) { } }", "ENGTS002", "'hidden'")]
    [TestCase("public class O { [Message(\"a\")] private record A; }", "ENGTS002", "public or internal")]
    [TestCase("[MessageHandler] public class H { }", "ENGTS003", "has to be partial")]
    [TestCase("[Message(\"a\")] public record A; [MessageHandler] public partial class H { int On(A a) => 0; }", "ENGTS003", "return void, ValueTask or Task")]
    [TestCase("[Message(\"a\")] public record A; [MessageHandler] public partial class H { void On(A a) { } void Off(A a) { } }", "ENGTS003", "another method takes the message 'a'")]
    [TestCase("[Message(\"a\")] public record A; [Message(\"b\")] public record B; [MessageHandler] public partial class H { void On(int c, A a) { } void On(string c, B b) { } }", "ENGTS003", "same parameter")]
    [TestCase("public record A; [MessageHandler(Sends = [typeof(A)])] public partial class H { }", "ENGTS003", "'A' has to be a message")]
    [TestCase("[Message(\"a\")] public record A(string Type);", "ENGTS004", "member 'type'")]
    [TestCase("[Message(\"a\")] public record A(N.B X, M.B Y); namespace N { public record B; } namespace M { public record B; }", "ENGTS004", "both be named 'B'")]
    public void What_has_no_place_in_a_contract_is_reported(string code, string id, string text)
    {
        IReadOnlyList<Diagnostic> found = Compiler.Diagnose(code);
        Assert.That(found.Where(one => one.Id == id && one.GetMessage(null).Contains(text, StringComparison.Ordinal)), Is.Not.Empty, string.Join('\n', found));
    }

    [Test]
    public void A_report_stands_at_the_member_that_causes_it()
    {
        Diagnostic found = Compiler.Diagnose("[Message(\"a\")] public record A(int Good,\nobject Bad);").Single(static one => one.Id == "ENGTS001");
        Assert.That(found.Location.GetLineSpan().StartLinePosition.Line, Is.EqualTo(2));
    }

    [Test]
    public void A_change_elsewhere_writes_nothing_anew()
    {
        CSharpCompilation compilation = Compiler.Parse(Good);
        GeneratorDriver driver = Compiler.Driver().RunGenerators(compilation);
        driver = driver.RunGenerators(compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Elsewhere { int field; }", (CSharpParseOptions)compilation.SyntaxTrees[0].Options)));
        GeneratorRunResult result = driver.GetRunResult().Results.Single();
        Assert.That(Reasons(result.TrackedSteps[ContractGenerator.Step]), Is.All.AnyOf(IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged));
        Assert.That(Reasons([.. result.TrackedOutputSteps.SelectMany(static step => step.Value)]), Is.All.EqualTo(IncrementalStepRunReason.Cached));
    }

    [Test]
    public void A_changed_record_is_written_anew()
    {
        CSharpCompilation compilation = Compiler.Parse(Good);
        GeneratorDriver driver = Compiler.Driver().RunGenerators(compilation);
        SyntaxTree old = compilation.SyntaxTrees[0];
        SyntaxTree changed = old.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From(old.ToString().Replace("long Y", "string Y", StringComparison.Ordinal)));
        driver = driver.RunGenerators(compilation.ReplaceSyntaxTree(old, changed));
        Assert.That(Reasons(driver.GetRunResult().Results.Single().TrackedSteps[ContractGenerator.Step]), Has.Member(IncrementalStepRunReason.Modified));
    }

    private static IEnumerable<IncrementalStepRunReason> Reasons(IReadOnlyCollection<IncrementalGeneratorRunStep> steps) => steps.SelectMany(static step => step.Outputs).Select(static output => output.Reason);
}
