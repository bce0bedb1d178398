namespace House.Tests;

[Category("Pure")]
public sealed class FolderArrowTests
{
    [Test]
    public void Every_folder_of_a_package_has_its_place_in_the_map()
    {
        IEnumerable<string> unknown = Tree.Shipped
            .Where(file => HouseMap.Folders.TryGetValue(file.Project, out string[]? folders) && !folders.Contains(file.Folder, StringComparer.Ordinal))
            .Select(file => $"{file}: folder <{file.Folder}> is not in HouseMap.Folders");
        Assert.That(unknown, Is.Empty);
    }

    [Test]
    public void Files_use_only_types_of_their_own_folder_and_of_those_before_it()
    {
        ExcusedList excused = new("folder-arrows");
        List<string> broken = [];
        foreach ((string project, string[] folders) in HouseMap.Folders)
        {
            SourceFile[] files = [.. Tree.Shipped.Where(file => file.Project == project)];
            Dictionary<string, HashSet<string>> homes = [];
            foreach (SourceFile file in files)
            {
                foreach ((string name, _) in file.DeclaredTypes)
                {
                    homes.TryAdd(name, []);
                    homes[name].Add(file.Folder);
                }
            }

            foreach (SourceFile file in files)
            {
                foreach (IGrouping<string, Token> word in file.FreeWords().GroupBy(token => token.Text))
                {
                    if (homes.TryGetValue(word.Key, out HashSet<string>? home) && home.All(target => Breaks(folders, file.Folder, target)))
                    {
                        string key = $"{file.Path} -> {word.Key}";
                        if (!excused.Covers(key))
                        {
                            broken.Add($"{key} ({string.Join(", ", home.Select(Show))}, line {word.First().Line})");
                        }
                    }
                }
            }
        }

        excused.Check(broken, "A file uses its own folder and those before it in HouseMap.Folders, nothing after.");
    }

    [TestCase("Buffers", "Connections", true)]
    [TestCase("Connections", "Buffers", false)]
    [TestCase("", "Buffers", true)]
    [TestCase("Transport/Epoll", "Transport/Sockets", true)]
    [TestCase("Transport/Sockets", "Transport/Epoll", true)]
    [TestCase("Transport/Epoll", "Transport", false)]
    [TestCase("Transport", "Transport/Epoll", true)]
    [TestCase("Server", "", false)]
    public void Arrow_is_broken_downwards_and_between_siblings(string from, string to, bool breaks)
    {
        Assert.That(Breaks(HouseMap.Folders["Engine"], from, to), Is.EqualTo(breaks));
    }

    private static bool Breaks(string[] folders, string from, string to)
    {
        bool areSiblings = from != to && HouseMap.Siblings.Any(step => step.Contains(from, StringComparer.Ordinal) && step.Contains(to, StringComparer.Ordinal));
        return areSiblings || Array.IndexOf(folders, to) > Array.IndexOf(folders, from);
    }

    private static string Show(string folder) => folder.Length == 0 ? "the root" : folder + "/";
}
