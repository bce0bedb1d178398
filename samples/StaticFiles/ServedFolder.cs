using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace StaticFiles;

/// <summary>
/// The files of one folder, by the path behind a route, which comes percent-decoded (but for %2F). Only plain names lead downward: nothing that means
/// something else to a file system, nothing hidden, and no symbolic link on the way. All that is not served looks the same: it is not there.
/// </summary>
internal sealed class ServedFolder
{
    /// <summary>Separators, drives and streams of Windows, its wildcards and quotes, its short names (which lead to hidden ones too), and control characters.</summary>
    private static readonly SearchValues<char> NotInNames = SearchValues.Create([.. "/\\:*?\"<>|~\u007f", .. Enumerable.Range(0, 32).Select(static code => (char)code)]);

    private readonly string _root;

    public ServedFolder(string folder)
    {
        _root = Path.GetFullPath(folder);
        if (!Directory.Exists(_root))
        {
            throw new DirectoryNotFoundException($"There is no folder {_root}.");
        }
    }

    /// <summary>Opens a file for reading; null when there is none to serve.</summary>
    public SafeFileHandle? TryOpen(string path, out string name)
    {
        string file = path.Length == 0 || path[^1] == '/' ? $"{path}index.html" : path;
        name = Path.GetFileName(file);
        try
        {
            return Resolve(file) is { } found
                ? File.OpenHandle(found, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous | FileOptions.SequentialScan)
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone since it was looked at, too long a name, or not for this process to read.
            return null;
        }
    }

    private string? Resolve(string path)
    {
        string current = _root;
        string[] names = path.Split('/');
        for (int i = 0; i < names.Length; i++)
        {
            if (!IsPlain(names[i]))
            {
                return null;
            }

            current = Path.Combine(current, names[i]);
            bool isLast = i == names.Length - 1;
            FileSystemInfo info = isLast ? new FileInfo(current) : new DirectoryInfo(current);
            if (!info.Exists || info.LinkTarget is not null)
            {
                return null;
            }
        }

        return current;
    }

    /// <summary>A leading dot is hidden or leads upward; Windows drops dots and spaces at the end, so that another name would be opened than was checked.</summary>
    private static bool IsPlain(string name) => name.Length > 0 && name[0] != '.' && name[^1] is not ('.' or ' ') && name.AsSpan().IndexOfAny(NotInNames) < 0;
}
