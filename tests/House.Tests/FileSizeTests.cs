using System.Globalization;

namespace House.Tests;

[Category("Pure")]
public sealed class FileSizeTests
{
    private const int MaxLines = 400;

    /// <summary>An excuse may stand this many lines above the file's size; past that it has to follow the file down.</summary>
    private const int SlackLines = 20;

    [Test]
    public void Files_hold_one_idea_and_fit_its_size()
    {
        ExcusedList excused = new("file-sizes");
        List<string> broken = [];
        foreach (SourceFile file in Tree.Sources.Where(file => file.LineCount > MaxLines))
        {
            if (!excused.Covers(file.Path))
            {
                broken.Add($"{file}: {file.LineCount} lines, {MaxLines} is the limit");
                continue;
            }

            int limit = int.Parse(excused.Entries[file.Path].Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture);
            if (file.LineCount > limit || file.LineCount < limit - SlackLines)
            {
                broken.Add($"{file}: {file.LineCount} lines, excused up to {limit}; the excuse may only shrink");
            }
        }

        excused.Check(broken, "Split the file where its second idea begins.");
    }

    [Test]
    public void Shipped_files_are_named_after_a_type_they_declare()
    {
        // A partial type has the role after its name: Type.Role.cs.
        IEnumerable<string> broken = Tree.Shipped
            .Where(file => file.DeclaredTypes.Count > 0 && file.DeclaredTypes.All(type => type.Name != file.Name.Split('.')[0]))
            .Select(file => $"{file} declares {string.Join(", ", file.DeclaredTypes.Select(type => type.Name))}");
        Assert.That(broken, Is.Empty);
    }
}
