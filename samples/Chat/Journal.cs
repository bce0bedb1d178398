using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Chat;

/// <summary>One message of a room.</summary>
/// <param name="Topic">The room's topic.</param>
/// <param name="Key">What a second try of the same message is known by.</param>
/// <param name="Data">The message.</param>
internal sealed record JournalEntry(string Topic, string? Key, JsonObject Data);

[JsonSerializable(typeof(JournalEntry))]
internal sealed partial class JournalJson : JsonSerializerContext;

/// <summary>The rooms' messages in a file, a line of JSON each, so that a restart forgets neither them nor their keys. Any thread.</summary>
internal sealed class Journal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private StreamWriter? _writer;

    public Journal(string path) => _path = path;

    /// <summary>The last messages of each room, oldest first; the file is left with those only, and open for more.</summary>
    public List<JournalEntry> Take(int count)
    {
        List<JournalEntry> kept = File.Exists(_path) ? Last(Read(), count) : [];
        string next = _path + ".next";
        File.WriteAllLines(next, kept.Select(Line));
        File.Move(next, _path, overwrite: true);
        _writer = new StreamWriter(_path, append: true) { AutoFlush = true };
        return kept;
    }

    public void Add(JournalEntry entry)
    {
        lock (_gate)
        {
            _writer?.WriteLine(Line(entry));
        }
    }

    public void Dispose() => _writer?.Dispose();

    private static string Line(JournalEntry entry) => JsonSerializer.Serialize(entry, JournalJson.Default.JournalEntry);

    private static List<JournalEntry> Last(List<JournalEntry> all, int count)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        List<JournalEntry> kept = [];
        for (int i = all.Count - 1; i >= 0; i--)
        {
            int number = seen.GetValueOrDefault(all[i].Topic) + 1;
            seen[all[i].Topic] = number;
            if (number <= count)
            {
                kept.Add(all[i]);
            }
        }

        kept.Reverse();
        return kept;
    }

    /// <summary>A message that was tried again stands twice; a line that a crash cut off does not count.</summary>
    private List<JournalEntry> Read()
    {
        var keys = new HashSet<(string Topic, string Key)>();
        List<JournalEntry> entries = [];
        foreach (string line in File.ReadLines(_path))
        {
            try
            {
                if (JsonSerializer.Deserialize(line, JournalJson.Default.JournalEntry) is { } entry && (entry.Key is null || keys.Add((entry.Topic, entry.Key))))
                {
                    entries.Add(entry);
                }
            }
            catch (JsonException)
            {
                continue;
            }
        }

        return entries;
    }
}
