using Engine.TypeScript.Tool;

namespace Engine.TypeScript.Tests;

/// <summary>The text that is written. That it compiles, and says what it means, is shown by <see cref="RoundTripTests"/>.</summary>
[Category("Pure")]
public sealed class TypeScriptWriterTests
{
    [Test]
    public void Comments_of_CSharp_are_comments_of_TypeScript()
    {
        string text = Write("string");
        Assert.That(text, Does.Contain("/** Every simple value once. */\nexport interface Scalars {\n  type: \"scalars\";\n  /** True or false. */\n  flag: boolean;\n"));
        Assert.That(text, Does.Contain("  note?: string | null;\n  /** Left out instead of null. */\n  hint?: string;\n"));
        Assert.That(text, Does.Contain("Not bad. *\\/ console.log"), "a comment cannot be ended from within");
    }

    [Test]
    public void Enums_are_unions_and_generics_stay_generic()
    {
        string text = Write("string");
        Assert.That(text, Does.Contain("  | \"Good\"\n  | \"so-so\";\n"));
        Assert.That(text, Does.Contain("export interface Page<T> {\n  /** The part. */\n  items: T[];\n  /** Where the next part begins. */\n  next: string | null;\n  first?: Pair<T, string> | null;\n}\n"));
        Assert.That(text, Does.Contain("byMood: Partial<Record<Mood, Point>>;").And.Contain("byNumber: Record<number, string>;").And.Contain("names: (string | null)[];"));
    }

    [Test]
    public void A_long_is_a_string_or_a_bigint_and_never_a_number()
    {
        Assert.That(Write("string"), Does.Contain("  serial: string;\n").And.Not.Contain("bigint"));
        Assert.That(Write("bigint"), Does.Contain("  serial: bigint;\n").And.Contain("serial: BigInt(value.serial)"));
    }

    private static string Write(string longs)
    {
        ToolOptions options = ToolOptions.Parse([typeof(Scalars).Assembly.Location, "--out", "contract.ts", "--long", longs], out _)!;
        return TypeScriptWriter.Write(ContractFile.Read(options.Assembly), options);
    }
}
