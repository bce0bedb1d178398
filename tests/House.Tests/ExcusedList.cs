namespace House.Tests;

/// <summary>
/// A list of exceptions to one rule, as text beside the tests: one a line, <c>key | reason</c>, <c>#</c> starts a comment. It may only shrink: each
/// rule also fails for an entry that nothing needs any more.
/// </summary>
internal sealed class ExcusedList
{
    private readonly string _path;
    private readonly Dictionary<string, string> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public ExcusedList(string name)
    {
        _path = $"tests/House.Tests/Excused/{name}.txt";
        foreach (string line in Tree.ReadText(_path).Split('\n'))
        {
            if (line.Trim() is "" || line.StartsWith('#'))
            {
                continue;
            }

            string[] parts = line.Split('|', 2, StringSplitOptions.TrimEntries);
            if (parts.Length != 2 || parts[1].Length < 10)
            {
                throw new InvalidDataException($"{_path}: <{line}> needs `key | reason`.");
            }

            _entries.Add(parts[0], parts[1]);
        }
    }

    /// <summary>The excused keys with their reasons.</summary>
    public IReadOnlyDictionary<string, string> Entries => _entries;

    /// <summary>True when the key is excused; the entry counts as needed.</summary>
    public bool Covers(string key)
    {
        if (!_entries.ContainsKey(key))
        {
            return false;
        }

        _used.Add(key);
        return true;
    }

    /// <summary>Asserts that nothing is broken beyond what the list excuses, and that the list excuses nothing beyond that.</summary>
    /// <param name="broken">What the list did not cover.</param>
    /// <param name="rule">Said in the failure.</param>
    /// <param name="isOfRule">Where several rules share a list: which entries are this rule's. Null is all.</param>
    public void Check(IEnumerable<string> broken, string rule, Func<string, bool>? isOfRule = null)
    {
        IEnumerable<string> stale = _entries.Keys
            .Where(key => !_used.Contains(key) && (isOfRule is null || isOfRule(key)))
            .Select(key => $"{_path}: <{key}> is no longer needed: remove the line.");
        Assert.That(broken.Concat(stale), Is.Empty, rule);
    }
}
