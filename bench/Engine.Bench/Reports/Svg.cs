using System.Net;
using System.Text;

namespace Engine.Bench;

/// <summary>A picture that is drawn from its top to its bottom.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _text = new();

    public Svg(int width, int height)
    {
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Add($"<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
    }

    public void Add(FormattableString element) => _text.Append(FormattableString.Invariant(element)).Append('\n');

    public void Text(double x, double y, string text, string style = "") => Add($"<text x=\"{x:0.#}\" y=\"{y:0.#}\" {style}>{WebUtility.HtmlEncode(text)}</text>");

    public override string ToString() => $"{_text}</svg>\n";
}
