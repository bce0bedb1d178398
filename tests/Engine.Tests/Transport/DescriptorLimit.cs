using System.Globalization;
using System.Runtime.InteropServices;

namespace Engine.Tests;

/// <summary>Lets this process open only so many more descriptors until it is disposed, so that running out is quick whatever the machine allows. Linux only.</summary>
internal sealed class DescriptorLimit : IDisposable
{
    private const int OpenFiles = 7;

    private readonly Limit _before;

    public DescriptorLimit(int room)
    {
        Limit limit = default;
        Check(GetLimit(OpenFiles, ref limit));
        _before = limit;

        // The limit is on the number of the highest descriptor, and every number below it may be taken again.
        int highest = Directory.EnumerateFileSystemEntries("/proc/self/fd").Max(static path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
        EndNumber = highest + room;
        limit.Soft = (ulong)EndNumber;
        Check(SetLimit(OpenFiles, ref limit));
    }

    /// <summary>The first number that no descriptor can have.</summary>
    public int EndNumber { get; }

    public void Dispose()
    {
        Limit limit = _before;
        Check(SetLimit(OpenFiles, ref limit));
    }

    private static void Check(int result) => Assert.That(result, Is.Zero);

    [DllImport("libc", EntryPoint = "getrlimit")]
    private static extern int GetLimit(int resource, ref Limit limit);

    [DllImport("libc", EntryPoint = "setrlimit")]
    private static extern int SetLimit(int resource, ref Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
