namespace Engine.Tests;

/// <summary>This process's descriptors.</summary>
internal static class ProcessDescriptors
{
    /// <summary>Returns how many are open, but for those of files: the runtime opens its libraries whenever it likes. 0 where the system does not tell.</summary>
    public static int Count()
        => OperatingSystem.IsLinux() ? Directory.GetFileSystemEntries("/proc/self/fd").Count(IsNoFile) : 0;

    /// <summary>Sockets, pipes and the kernel's objects have no path; nor does one that was closed while it was asked about.</summary>
    private static bool IsNoFile(string path) => new FileInfo(path).LinkTarget is { } target && !target.StartsWith('/');
}
