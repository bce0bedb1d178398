using System.Globalization;
using Spectre.Console;

namespace Conformance;

/// <summary>Tables as plain text, the same on a terminal and in the log of a build.</summary>
internal static class TextTable
{
    /// <summary>Wider than any table here: a log has no width to fit into.</summary>
    private const int Width = 200;

    /// <summary>A table whose first column is text, and the others figures.</summary>
    public static Table Create(string title, params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple).Title(Markup.Escape(title)).LeftAligned();
        for (int i = 0; i < columns.Length; i++)
        {
            table.AddColumn(new TableColumn(Markup.Escape(columns[i])) { Alignment = i == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        }

        return table;
    }

    public static string Render(Table table)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = Width;
        console.Write(table);
        return string.Join('\n', text.ToString().Split('\n').Select(static line => line.TrimEnd()));
    }
}
