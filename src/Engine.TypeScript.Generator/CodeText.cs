using System.Text;

namespace Engine.TypeScript.Generator;

/// <summary>C# as it is written, line by line.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public CodeText Line(string line = "")
    {
        if (line is "}" or "};")
        {
            _depth--;
        }

        _text.Append(' ', line.Length == 0 ? 0 : _depth * 4).Append(line).Append('\n');
        if (line == "{")
        {
            _depth++;
        }

        return this;
    }

    public override string ToString() => _text.ToString();

    /// <summary>A string as C# writes it.</summary>
    public static string Literal(string value) => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(value, quote: true);
}
