namespace Conformance;

/// <summary>Every case by the suite's own number.</summary>
internal static class CaseCatalogue
{
    /// <summary>How many cases each section of the suite has; the catalogue holds itself to it.</summary>
    public static IReadOnlyDictionary<int, int> CountBySection { get; } = new SortedDictionary<int, int>
    {
        [1] = 16,
        [2] = 11,
        [3] = 7,
        [4] = 10,
        [5] = 20,
        [6] = 145,
        [7] = 37,
        [9] = 54,
        [10] = 1,
        [12] = 90,
        [13] = 126,
    };

    public static IReadOnlyDictionary<int, string> SectionNames { get; } = new Dictionary<int, string>
    {
        [1] = "Framing",
        [2] = "Pings and pongs",
        [3] = "Reserved bits",
        [4] = "Opcodes",
        [5] = "Fragmentation",
        [6] = "UTF-8",
        [7] = "Closing",
        [9] = "Limits and performance",
        [10] = "Automatic fragmentation",
        [12] = "Compression, payloads",
        [13] = "Compression, parameters",
        [Section20Beyond.Section] = "Beyond the suite",
    };

    /// <summary>All of them, in order; those beyond the suite last.</summary>
    /// <param name="scale">Part of the message counts of 9.7, 9.8, 12 and 13; 1 is the suite's.</param>
    public static IReadOnlyList<ConformanceCase> Build(double scale)
    {
        CaseList list = new();
        Section1Framing.AddTo(list);
        Section2Pings.AddTo(list);
        Section3Reserved.AddTo(list);
        Section4Opcodes.AddTo(list);
        Section5Fragments.AddTo(list);
        Section6Utf8.AddTo(list);
        Section7Closing.AddTo(list);
        Section9Limits.AddTo(list, scale);
        Section10Fragmenting.AddTo(list);
        Section12Compression.AddTo(list, scale);
        Section20Beyond.AddTo(list);
        ConformanceCase[] cases = [.. list.Cases.OrderBy(one => one.Id)];
        foreach ((int section, int count) in CountBySection)
        {
            int found = cases.Where(one => one.Id.Section == section).DistinctBy(one => one.Id).Count();
            if (found != count)
            {
                throw new InvalidOperationException($"section {section} has {found} cases, the suite has {count}");
            }
        }

        return cases;
    }
}
