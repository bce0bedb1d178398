using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Engine.StaticFiles;

/// <summary>
/// The files of one folder, by the path behind a route, which comes percent-decoded (but for %2F). Only plain names lead downward: nothing
/// that means something else to a file system, nothing hidden, and no symbolic link on the way unless links are followed. All that is not
/// served looks the same: it is not there.
/// </summary>
internal sealed class ServedFolder
{
    /// <summary>
    /// Separators, drives and streams of Windows, its wildcards and quotes, its short names (which lead to hidden ones too), and control
    /// characters.
    /// </summary>
    private static readonly SearchValues<char> NotInNames = SearchValues.Create([.. "/\\:*?\"<>|~\u007f", .. Enumerable.Range(0, 32).Select(static code => (char)code)]);

    private readonly string _root;
    private readonly string _realRoot;
    private readonly bool _followsLinks;

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public ServedFolder(string folder, bool followsLinks)
    {
        _root = Path.GetFullPath(folder);
        _followsLinks = followsLinks;
        if (!Directory.Exists(_root))
        {
            throw new DirectoryNotFoundException($"There is no folder {_root}.");
        }

        _realRoot = RealPath(_root);
    }

    /// <summary>The full name of a file; null when there is none to serve.</summary>
    public FileInfo? Find(string path) => Resolve(path) is { } info && info.Exists ? info : null;

    /// <summary>Whether the path leads to a folder.</summary>
    public bool HasFolder(string path) => Resolve(path) is { } info && Directory.Exists(info.FullName);

    /// <summary>
    /// The file of that name with something added, beside a file that was found; null when it is not there to serve, or is older.
    /// </summary>
    public FileInfo? Beside(FileInfo file, string suffix)
    {
        var info = new FileInfo(file.FullName + suffix);
        return info.Exists && (_followsLinks || info.LinkTarget is null) && info.LastWriteTimeUtc >= file.LastWriteTimeUtc ? info : null;
    }

    /// <summary>
    /// Opens a file for reading; null when it is gone since it was found, not for this process to read, or another file by now, behind a
    /// link.
    /// </summary>
    public SafeFileHandle? TryOpen(FileInfo file)
    {
        SafeFileHandle? handle = null;
        try
        {
            const FileOptions Options = FileOptions.Asynchronous | FileOptions.SequentialScan;
            handle = File.OpenHandle(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, Options);
            if (_followsLinks || IsWhereItWasFound(handle, file))
            {
                return handle;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What is not there and what may not be read look the same.
        }

        handle?.Dispose();
        return null;
    }

    /// <summary>
    /// Whether no link was put into the way between the look and the opening. Only Linux can tell; elsewhere whoever may write in the
    /// folder is trusted.
    /// </summary>
    private bool IsWhereItWasFound(SafeFileHandle handle, FileInfo file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        string? opened = new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget;
        return opened is null || opened == Path.Combine(_realRoot, Path.GetRelativePath(_root, file.FullName));
    }

    /// <summary>The folder without links on the way to it, which are the host's own choice.</summary>
    private static string RealPath(string path)
    {
        string real = Path.GetPathRoot(path)!;
        foreach (string name in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var folder = new DirectoryInfo(Path.Combine(real, name));
            real = folder.LinkTarget is not null && folder.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName) : folder.FullName;
        }

        return real;
    }

    private FileInfo? Resolve(string path)
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
            var info = new FileInfo(current);
            try
            {
                if (!_followsLinks && info.LinkTarget is not null)
                {
                    return null;
                }
            }
            catch (IOException)
            {
                // Too long a name, or a loop of links.
                return null;
            }

            if (isLast)
            {
                return info;
            }
        }

        return null;
    }

    /// <summary>
    /// A leading dot is hidden or leads upward; Windows drops dots and spaces at the end, so that another name would be opened than was
    /// checked.
    /// </summary>
    private static bool IsPlain(string name) => name.Length > 0 && name[0] != '.' && name[^1] is not ('.' or ' ') && name.AsSpan().IndexOfAny(NotInNames) < 0;
}
