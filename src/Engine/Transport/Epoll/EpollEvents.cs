using System.Runtime.InteropServices;

namespace Engine;

/// <summary>The kernel's array of events: packed on x64, aligned elsewhere, so it is read by offset.</summary>
internal static unsafe class EpollEvents
{
    public const uint In = 0x001;
    public const uint Urgent = 0x002;
    public const uint Out = 0x004;
    public const uint Error = 0x008;
    public const uint HangUp = 0x010;
    public const uint PeerShutdown = 0x2000;
    public const uint EdgeTriggered = 1u << 31;

    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Bytes from one event to the next.</summary>
    public static int Stride => IsPacked ? 12 : 16;

    private static int DataOffset => IsPacked ? 4 : 8;

    public static uint Flags(byte* events, int index) => *(uint*)(events + (index * Stride));

    public static ulong Data(byte* events, int index) => *(ulong*)(events + (index * Stride) + DataOffset);

    /// <summary>Adds, changes or removes what is watched about a descriptor. False when the kernel refused.</summary>
    public static bool Control(int epoll, int operation, int descriptor, uint flags, ulong data)
    {
        byte* change = stackalloc byte[16];
        *(uint*)change = flags;
        *(ulong*)(change + DataOffset) = data;
        return Libc.EpollControl(epoll, operation, descriptor, change) == 0;
    }
}
