using System.Globalization;

namespace Conformance;

/// <summary>The suite's number of a case, "6.4.3": ordered by its parts as numbers.</summary>
internal readonly record struct CaseId(int Section, int Group, int Number) : IComparable<CaseId>
{
    /// <summary>Reads "6.4.3" or, in sections without groups, "2.10".</summary>
    public static CaseId Parse(string text)
    {
        string[] parts = text.Split('.');
        int[] numbers = [.. parts.Select(part => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture))];
        return numbers.Length switch
        {
            2 => new CaseId(numbers[0], numbers[1], 0),
            3 => new CaseId(numbers[0], numbers[1], numbers[2]),
            _ => throw new FormatException($"not the number of a case: {text}"),
        };
    }

    public int CompareTo(CaseId other) => (Section, Group, Number).CompareTo((other.Section, other.Group, other.Number));

    public override string ToString() => Number == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Section}.{Group}")
        : string.Create(CultureInfo.InvariantCulture, $"{Section}.{Group}.{Number}");
}
