using System.Runtime.InteropServices;

namespace Engine;

/// <summary>
/// Keeps the last descriptors that the process may open from those who connect. The runtime opens some for each thread that it starts, and ends the process when
/// it gets none: without a reserve, enough peers that do no more than connect would bring that about.
/// </summary>
internal static partial class DescriptorReserve
{
    /// <summary>Why a connection was turned away.</summary>
    public const string Refusal = "only the descriptors kept for the runtime are left: the connection is turned away";

    private const int MaxCount = 32;

    /// <summary>
    /// Whether a descriptor that was just opened is one of the reserve, so that it should be closed again. The kernel gives out the lowest number that is free:
    /// a high one means that the lower ones are taken. The limit is read each time, because it can be changed from outside; that costs one system call.
    /// </summary>
    public static bool IsReached(nint descriptor)
        => !OperatingSystem.IsWindows()
            && GetLimit(OperatingSystem.IsLinux() ? 7 : 8, out ResourceLimit limit) == 0
            && IsReached(descriptor, limit.Soft);

    /// <summary>The same for a limit that is known: the reserve is an eighth of it, and not more than 32.</summary>
    internal static bool IsReached(nint descriptor, nuint limit) => (nuint)descriptor >= limit - Math.Min(limit / 8, MaxCount);

    [LibraryImport("libc", EntryPoint = "getrlimit"), SuppressGCTransition]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    /// <summary>struct rlimit. Without a limit, the greatest number.</summary>
    private struct ResourceLimit
    {
        public nuint Soft;
        public nuint Hard;
    }
}
