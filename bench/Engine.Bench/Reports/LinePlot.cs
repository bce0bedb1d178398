namespace Engine.Bench;

/// <summary>Figures over time as an SVG picture, from zero on.</summary>
internal static class LinePlot
{
    private const int Width = 760;
    private const int Height = 300;
    private const int Margin = 50;
    private const int LabelsInRow = 4;

    private static readonly string[] Colours = ["#2b8ad6", "#d67b2b", "#5a9a4a", "#8a4ad6", "#b03a3a", "#3a9a9a", "#777777"];

    public static string Draw(string title, params (string Name, double[] Values)[] lines)
    {
        double largest = lines.SelectMany(static line => line.Values).DefaultIfEmpty(1).Max() * 1.1;
        double X(int index, int count) => Margin + ((Width - (2.0 * Margin)) * index / Math.Max(count - 1, 1));
        double Y(double value) => Height - Margin - ((Height - (2.0 * Margin)) * value / largest);
        var svg = new Svg(Width, Height);
        svg.Text(Margin, 24, title, "font-size=\"15\" font-weight=\"bold\"");
        for (int i = 0; i <= 4; i++)
        {
            double value = largest * i / 4;
            svg.Add($"<line x1=\"{Margin}\" y1=\"{Y(value):F1}\" x2=\"{Width - Margin}\" y2=\"{Y(value):F1}\" stroke=\"#ddd\"/>");
            svg.Text(Margin - 6, Y(value) + 4, FormattableString.Invariant($"{value:F1}"), "text-anchor=\"end\" fill=\"#555\"");
        }

        for (int i = 0; i < lines.Length; i++)
        {
            (string name, double[] values) = lines[i];
            string points = string.Join(' ', values.Select((value, index) => FormattableString.Invariant($"{X(index, values.Length):F1},{Y(value):F1}")));
            svg.Add($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{Colours[i % Colours.Length]}\" stroke-width=\"2\"/>");
            svg.Text(Margin + (i % LabelsInRow * 140), Height - 30 + (i / LabelsInRow * 16), name, $"fill=\"{Colours[i % Colours.Length]}\"");
        }

        return svg.ToString();
    }
}
