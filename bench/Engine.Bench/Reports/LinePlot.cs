using System.Net;
using System.Text;

namespace Engine.Bench;

/// <summary>Figures over time as an SVG picture, from zero on.</summary>
internal static class LinePlot
{
    private const int Width = 760;
    private const int Height = 300;
    private const int Margin = 50;

    private static readonly string[] Colours = ["#2b8ad6", "#d67b2b", "#5a9a4a"];

    public static string Draw(string title, params (string Name, double[] Values)[] lines)
    {
        double largest = lines.SelectMany(static line => line.Values).DefaultIfEmpty(1).Max() * 1.1;
        double X(int index, int count) => Margin + ((Width - (2.0 * Margin)) * index / Math.Max(count - 1, 1));
        double Y(double value) => Height - Margin - ((Height - (2.0 * Margin)) * value / largest);
        var svg = new StringBuilder();
        svg.Append(FormattableString.Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">\n"));
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.Append(FormattableString.Invariant($"<text x=\"{Margin}\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{WebUtility.HtmlEncode(title)}</text>\n"));
        for (int i = 0; i <= 4; i++)
        {
            double value = largest * i / 4;
            svg.Append(FormattableString.Invariant($"<line x1=\"{Margin}\" y1=\"{Y(value):F1}\" x2=\"{Width - Margin}\" y2=\"{Y(value):F1}\" stroke=\"#ddd\"/><text x=\"{Margin - 6}\" y=\"{Y(value) + 4:F1}\" text-anchor=\"end\" fill=\"#555\">{value:F1}</text>\n"));
        }

        for (int i = 0; i < lines.Length; i++)
        {
            (string name, double[] values) = lines[i];
            string points = string.Join(' ', values.Select((value, index) => FormattableString.Invariant($"{X(index, values.Length):F1},{Y(value):F1}")));
            svg.Append(FormattableString.Invariant($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{Colours[i % Colours.Length]}\" stroke-width=\"2\"/>\n"));
            svg.Append(FormattableString.Invariant($"<text x=\"{Margin + (i * 140)}\" y=\"{Height - 16}\" fill=\"{Colours[i % Colours.Length]}\">{WebUtility.HtmlEncode(name)}</text>\n"));
        }

        return svg.Append("</svg>\n").ToString();
    }
}
