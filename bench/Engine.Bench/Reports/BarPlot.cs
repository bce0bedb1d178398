namespace Engine.Bench;

/// <summary>Rows as an SVG picture: a line a server, a column of bars a figure, grouped by case. Bars are scaled to the largest of their case and column.</summary>
internal static class BarPlot
{
    private const int NameWidth = 150;
    private const int ColumnWidth = 180;
    private const int BarWidth = 100;
    private const int LineHeight = 20;

    private static readonly (string Title, bool IsBetterHigh, Func<Series, double> Value)[] Columns =
    [
        ("a second", true, static row => row.Median(static round => round.Rate)),
        ("server CPU us each", false, static row => row.Median(static round => round.CpuMicroseconds)),
        ("instructions each", false, static row => row.UserInstructions + row.KernelInstructions),
        ("p50 us", false, static row => row.Median(static round => round.P50)),
        ("p99 us", false, static row => row.Median(static round => round.P99)),
        ("bytes a connection", false, static row => row.ResidentBytes),
    ];

    public static string Draw(string title, string footnote, Series[] rows)
    {
        (string Title, bool IsBetterHigh, Func<Series, double> Value)[] columns = [.. Columns.Where(column => rows.Any(row => IsShown(column.Value(row))))];
        IGrouping<string, Series>[] cases = [.. rows.GroupBy(static row => row.CaseName)];
        int width = NameWidth + (columns.Length * ColumnWidth) + 20;
        int height = 60 + (cases.Length * (LineHeight + 14)) + (rows.Length * LineHeight) + 30;
        var svg = new Svg(width, height);
        svg.Text(10, 22, title, "font-size=\"15\" font-weight=\"bold\"");
        int y = 46;
        for (int i = 0; i < columns.Length; i++)
        {
            svg.Text(NameWidth + (i * ColumnWidth), y, $"{columns[i].Title} ({(columns[i].IsBetterHigh ? "more" : "less")} is better)", "fill=\"#555\" font-size=\"11\"");
        }

        foreach (IGrouping<string, Series> one in cases)
        {
            y += LineHeight + 6;
            svg.Text(10, y, one.Key, "font-weight=\"bold\"");
            foreach (Series row in one)
            {
                y += LineHeight;
                bool isEngine = row.Peer.StartsWith("engine", StringComparison.Ordinal);
                svg.Text(20, y, row.Peer, isEngine ? "fill=\"#0b5fa5\" font-weight=\"bold\"" : "");
                for (int i = 0; i < columns.Length; i++)
                {
                    double value = columns[i].Value(row), largest = one.Select(columns[i].Value).Where(IsShown).DefaultIfEmpty(1).Max();
                    if (IsShown(value))
                    {
                        int x = NameWidth + (i * ColumnWidth);
                        double length = Math.Max(value / largest * BarWidth, 1);
                        svg.Add($"<rect x=\"{x}\" y=\"{y - 12}\" width=\"{length:F1}\" height=\"14\" fill=\"{(isEngine ? "#2b8ad6" : "#b9c3cc")}\"/>");
                        svg.Text(x + (int)length + 5, y, Number(value));
                    }
                }
            }

            y += 8;
        }

        svg.Text(10, y + 24, footnote, "fill=\"#777\" font-size=\"10\"");
        return svg.ToString();
    }

    /// <summary>Latencies of peers whose clock is not ours are not shown.</summary>
    private static bool IsShown(double value) => value is > 0 and < 1e8;

    private static string Number(double value) => value < 100 ? FormattableString.Invariant($"{value:F2}") : FormattableString.Invariant($"{value:N0}");
}
