using System.Runtime.InteropServices;

namespace Engine;

/// <summary>
/// Every call into the C library, nowhere else. Calls that cannot block skip the collector's transition, which saves more than they cost;
/// those that may wait must not, or a collection would wait with them.
/// </summary>
internal static unsafe partial class Libc
{
    public const int Interrupted = 4;
    public const int Again = 11;
    public const int TooManyFilesInSystem = 23;
    public const int TooManyFiles = 24;
    public const int BrokenPipe = 32;
    public const int NoBuffers = 105;
    public const int ConnectionReset = 104;
    public const int ConnectionAborted = 103;
    public const int NotConnected = 107;
    public const int NetworkUnreachable = 101;
    public const int AddressNotAvailable = 99;
    public const int TimedOut = 110;
    public const int ConnectionRefused = 111;
    public const int HostUnreachable = 113;

    public const int ControlAdd = 1;
    public const int ControlDelete = 2;
    public const int ControlModify = 3;

    public const int DoNotSignal = 0x4000;
    public const int Peek = 2;
    public const int ShutdownRead = 0;
    public const int ShutdownWrite = 1;

    private const int DuplicateCloseOnExec = 1030;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int SocketLevel = 1;
    private const int ErrorOption = 4;
    private const int LingerOption = 13;

    private static readonly nint SendNumber = Number(x64: 44, arm64: 206);
    private static readonly nint ReceiveNumber = Number(x64: 45, arm64: 207);
    private static readonly nint SendMessageNumber = Number(x64: 46, arm64: 211);
    private static readonly nint WaitNumber = Number(x64: 281, arm64: 22);

    /// <summary>Where this thread's errno lives. A loop asks once: reading it is then a load, with nothing in between that could overwrite it.</summary>
    [LibraryImport("libc", EntryPoint = "__errno_location"), SuppressGCTransition]
    public static partial int* ErrnoLocation();

    /// <summary>Whether accept(2) counts the error as one of the network of the connection that it took, and not of the listener.</summary>
    public static bool IsErrorOfPeersNetwork(int error) => error
        is 71 // EPROTO
        or 92 // ENOPROTOOPT
        or 95 // EOPNOTSUPP
        or 100 // ENETDOWN
        or 101 // ENETUNREACH
        or 64 // ENONET
        or 112 // EHOSTDOWN
        or HostUnreachable
        or TimedOut
        or 1; // EPERM: a rule of the firewall

    public static int CreateEpoll() => EpollCreate1(CloseOnExec);

    public static int CreateEvent() => EventFd(0, CloseOnExec | NonBlocking);

    /// <summary>A descriptor that exists only to be given up.</summary>
    public static int OpenReserve()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            return Open(path, CloseOnExec, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    public static partial int SetAffinity(int thread, nuint setBytes, ulong* set);

    /// <summary>Another descriptor for the same open file, which programs that are started do not inherit; negative when there is none.</summary>
    public static int Duplicate(int descriptor) => FileControl(descriptor, DuplicateCloseOnExec, 0);

    [LibraryImport("libc", EntryPoint = "epoll_ctl"), SuppressGCTransition]
    public static partial int EpollControl(int epoll, int operation, int descriptor, byte* epollEvent);

    /// <summary>May wait: it lets collections pass.</summary>
    public static int EpollWait(int epoll, byte* events, int maxEvents, int timeoutMilliseconds)
        => (int)WaitingSystemCall(WaitNumber, epoll, (nint)events, maxEvents, timeoutMilliseconds, 0, 0);

    /// <summary>Looks without waiting.</summary>
    public static int EpollPoll(int epoll, byte* events, int maxEvents)
        => (int)SystemCall(WaitNumber, epoll, (nint)events, maxEvents, 0, 0, 0);

    /// <summary>The listener must be non-blocking; so is what it answers.</summary>
    public static int Accept(int listener, out PeerAddress peer)
    {
        byte* address = stackalloc byte[PeerAddress.MaxBytes];
        uint length = PeerAddress.MaxBytes;
        int accepted = Accept4(listener, address, &length, CloseOnExec | NonBlocking);

        // A longer address was cut off: the length is what it would have been.
        peer = accepted >= 0 && length <= PeerAddress.MaxBytes ? new PeerAddress(new ReadOnlySpan<byte>(address, (int)length)) : default;
        return accepted;
    }

    /// <summary>The descriptor must be non-blocking.</summary>
    public static nint Receive(int descriptor, byte* buffer, nint length, int flags)
        => SystemCall(ReceiveNumber, descriptor, (nint)buffer, length, flags, 0, 0);

    /// <summary>The descriptor must be non-blocking.</summary>
    public static nint Send(int descriptor, byte* buffer, nint length, int flags)
        => SystemCall(SendNumber, descriptor, (nint)buffer, length, flags, 0, 0);

    /// <summary>The descriptor must be non-blocking.</summary>
    public static nint SendMessage(int descriptor, MessageHeader* message, int flags)
        => SystemCall(SendMessageNumber, descriptor, (nint)message, flags, 0, 0, 0);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    public static partial int Shutdown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "write")]
    public static partial nint Write(int descriptor, byte* buffer, nint length);

    /// <summary>Takes the error that waits at the socket; 0 when there is none.</summary>
    public static int TakeSocketError(int descriptor)
    {
        int error = 0;
        uint length = sizeof(int);
        return GetSocketOption(descriptor, SocketLevel, ErrorOption, (byte*)&error, &length) == 0 ? error : NotConnected;
    }

    /// <summary>From now on closing resets the connection, and what the kernel still holds is lost.</summary>
    public static void ResetOnClose(int descriptor)
    {
        long onWithZeroSeconds = 1;
        _ = SetSocketOption(descriptor, SocketLevel, LingerOption, (byte*)&onWithZeroSeconds, sizeof(long));
    }

    /// <summary>
    /// The C library's send and recv are points at which a thread may be cancelled: each marks the thread before and after with atomic operations, which
    /// cost more than all that the engine does for a small message. Called by their numbers they are the system calls and nothing else; errno is as ever.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "syscall"), SuppressGCTransition]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);

    /// <summary>The same for a call that may wait.</summary>
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint WaitingSystemCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);

    /// <summary>The default on a Unix socket, and on a descriptor that is closed.</summary>
    public static TcpInfo GetTcpInfo(int descriptor)
    {
        byte* info = stackalloc byte[TcpInfo.ReadBytes];
        uint length = TcpInfo.ReadBytes;
        return GetSocketOption(descriptor, TcpInfo.Level, TcpInfo.Option, info, &length) == 0 ? TcpInfo.Read(new ReadOnlySpan<byte>(info, (int)length)) : default;
    }

    /// <summary>A system call's number, on the two processors that <see cref="EpollTransport.IsSupported"/> lets through.</summary>
    private static nint Number(nint x64, nint arm64) => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? arm64 : x64;

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    private static partial int EpollCreate1(int flags);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(byte* path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "accept4"), SuppressGCTransition]
    private static partial int Accept4(int listener, byte* address, uint* addressLength, int flags);

    [LibraryImport("libc", EntryPoint = "getsockopt"), SuppressGCTransition]
    private static partial int GetSocketOption(int descriptor, int level, int option, byte* value, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt"), SuppressGCTransition]
    private static partial int SetSocketOption(int descriptor, int level, int option, byte* value, uint length);

    /// <summary>struct iovec.</summary>
    public struct IoVector
    {
        public byte* Base;
        public nint Length;
    }

    /// <summary>struct msghdr, with the padding of 64-bit machines.</summary>
    public struct MessageHeader
    {
        public void* Name;
        public nint NameLength;
        public IoVector* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public nint Flags;
    }

    [LibraryImport("libc", EntryPoint = "fcntl"), SuppressGCTransition]
    private static partial int FileControl(int descriptor, int command, int argument);
}
