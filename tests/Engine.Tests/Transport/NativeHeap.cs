using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Engine.Tests;

/// <summary>What native code holds of the C library's heap. Linux with glibc only.</summary>
internal static partial class NativeHeap
{
    /// <summary>Returns the bytes in use in all arenas: taken from the system and not free.</summary>
    public static long UsedBytes()
    {
        // Where the stream writes, when it is closed, the text's address and its length.
        nint result = Marshal.AllocHGlobal(2 * nint.Size);
        nint stream = OpenMemoryStream(result, result + nint.Size);
        Assert.That(stream, Is.Not.Zero);
        Assert.That(WriteInfo(0, stream), Is.Zero);
        _ = CloseStream(stream);
        nint text = Marshal.ReadIntPtr(result);
        string info = Marshal.PtrToStringUTF8(text, (int)Marshal.ReadIntPtr(result + nint.Size));
        Free(text);
        Marshal.FreeHGlobal(result);

        // The totals stand behind those of the arenas.
        string totals = info[info.LastIndexOf("</heap>", StringComparison.Ordinal)..];
        long free = FreeSizes().Matches(totals).Sum(static one => long.Parse(one.Groups[1].Value, CultureInfo.InvariantCulture));
        return long.Parse(CurrentSize().Match(totals).Groups[1].Value, CultureInfo.InvariantCulture) - free;
    }

    [GeneratedRegex("<total type=\"(?:fast|rest)\" count=\"\\d+\" size=\"(\\d+)\"/>")]
    private static partial Regex FreeSizes();

    [GeneratedRegex("<system type=\"current\" size=\"(\\d+)\"/>")]
    private static partial Regex CurrentSize();

    [DllImport("libc", EntryPoint = "open_memstream")]
    private static extern nint OpenMemoryStream(nint text, nint length);

    [DllImport("libc", EntryPoint = "malloc_info")]
    private static extern int WriteInfo(int options, nint stream);

    [DllImport("libc", EntryPoint = "free")]
    private static extern void Free(nint text);

    [DllImport("libc", EntryPoint = "fclose")]
    private static extern int CloseStream(nint stream);
}
