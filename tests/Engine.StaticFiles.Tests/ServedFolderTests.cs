using Microsoft.Win32.SafeHandles;

namespace Engine.StaticFiles.Tests;

[Category("Pure")]
public sealed class ServedFolderTests
{
    private string _folder = "";

    [SetUp]
    public void Fill()
    {
        _folder = Directory.CreateTempSubdirectory("engine-folder-").FullName;
        Directory.CreateDirectory(Path.Combine(_folder, "public", "sub"));
        File.WriteAllText(Path.Combine(_folder, "secret.txt"), "secret");
        File.WriteAllText(Path.Combine(_folder, "public", "sub", "a.txt"), "a");
    }

    [TearDown]
    public void Clear() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Platform("Linux")]
    public void A_link_that_is_put_in_the_way_between_the_look_and_the_opening_is_not_followed()
    {
        var served = new ServedFolder(Path.Combine(_folder, "public"), followsLinks: false);
        FileInfo found = served.Find("sub/a.txt")!;
        using (SafeFileHandle? before = served.TryOpen(found))
        {
            Assert.That(before, Is.Not.Null);
        }

        File.Delete(found.FullName);
        File.CreateSymbolicLink(found.FullName, Path.Combine(_folder, "secret.txt"));
        Assert.That(served.TryOpen(found), Is.Null);
        Directory.Delete(Path.Combine(_folder, "public", "sub"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "public", "sub"), _folder);
        File.WriteAllText(Path.Combine(_folder, "a.txt"), "another");
        Assert.That(served.TryOpen(found), Is.Null);
    }

    [Test]
    public void Links_on_the_way_to_the_folder_are_the_hosts_own_choice()
    {
        string link = Path.Combine(_folder, "link");
        Directory.CreateSymbolicLink(link, _folder);
        string second = Path.Combine(_folder, "second");
        Directory.CreateSymbolicLink(second, Path.Combine("link", "public"));
        foreach (string root in new[] { Path.Combine(link, "public"), second, second + "/", Path.Combine(second, "..", "second") })
        {
            var served = new ServedFolder(root, followsLinks: false);
            using SafeFileHandle? file = served.TryOpen(served.Find("sub/a.txt")!);
            Assert.That(file, Is.Not.Null, root);
        }
    }
}
