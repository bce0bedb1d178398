namespace Engine;

/// <summary>Which processor a loop's thread runs on.</summary>
internal static unsafe class ProcessorAffinity
{
    private const int SetWords = ServerOptions.MaxProcessors / 64;

    /// <summary>Checks that loops may run there, on a thread of its own, which ends with what was set.</summary>
    /// <exception cref="PlatformNotSupportedException">The kernel refuses one of them, or this is not Linux.</exception>
    public static void Check(IEnumerable<int> processors)
    {
        foreach (int processor in processors)
        {
            bool isBound = false;
            var thread = new Thread(() => isBound = TryBind(processor)) { IsBackground = true };
            thread.UnsafeStart();
            thread.Join();
            if (!isBound)
            {
                throw new PlatformNotSupportedException($"No loop can run on processor {processor}.");
            }
        }
    }

    /// <summary>Binds the calling thread to a processor. Returns whether the kernel did so.</summary>
    public static bool TryBind(int processor)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        ulong* set = stackalloc ulong[SetWords];
        new Span<ulong>(set, SetWords).Clear();
        set[processor / 64] = 1UL << (processor % 64);
        return Libc.SetAffinity(0, SetWords * sizeof(ulong), set) == 0;
    }
}
