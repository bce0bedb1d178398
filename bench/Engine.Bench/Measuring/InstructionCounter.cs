using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Engine.Bench;

/// <summary>
/// Instructions that all threads of a process execute, from the processor's own counter (perf_event_open). Neighbours on a shared machine change how long
/// an instruction takes, but not how many there are. Where the counter can't be had it counts nothing.
/// </summary>
internal sealed partial class InstructionCounter : IDisposable
{
    private const int AttributeBytes = 112;
    private const ulong Instructions = 1;

    // Bits of perf_event_attr: inherit for threads that are yet to come, and whose instructions are left out.
    private const ulong Inherit = 1 << 1;
    private const ulong ExcludeUser = 1 << 4;
    private const ulong ExcludeKernel = 1 << 5;

    private readonly List<int> _user = [];
    private readonly List<int> _kernel = [];

    public InstructionCounter(int processId)
    {
        foreach (string thread in Directory.GetDirectories($"/proc/{processId}/task"))
        {
            int id = int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture);
            Open(id, Inherit | ExcludeKernel, _user);
            Open(id, Inherit | ExcludeUser, _kernel);
        }
    }

    /// <summary>Since it was made: those of the program and those of the kernel for it; NaN without a counter.</summary>
    public (double User, double Kernel) Read() => (Sum(_user), Sum(_kernel));

    public void Dispose()
    {
        foreach (int descriptor in _user.Concat(_kernel))
        {
            _ = Close(descriptor);
        }
    }

    private static void Open(int threadId, ulong flags, List<int> descriptors)
    {
        byte[] attributes = new byte[AttributeBytes];
        BinaryPrimitives.WriteInt32LittleEndian(attributes.AsSpan(4), AttributeBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes.AsSpan(8), Instructions);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes.AsSpan(40), flags);
        nint number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 241 : 298;
        int descriptor = (int)PerfEventOpen(number, attributes, threadId, cpu: -1, group: -1, flags: 0);
        if (descriptor >= 0)
        {
            descriptors.Add(descriptor);
        }
    }

    private static double Sum(List<int> descriptors)
    {
        double sum = descriptors.Count > 0 ? 0 : double.NaN;
        byte[] value = new byte[8];
        foreach (int descriptor in descriptors)
        {
            sum += Read(descriptor, value, value.Length) == value.Length ? BinaryPrimitives.ReadUInt64LittleEndian(value) : double.NaN;
        }

        return sum;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint PerfEventOpen(nint number, byte[] attributes, nint threadId, nint cpu, nint group, nint flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, byte[] buffer, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
