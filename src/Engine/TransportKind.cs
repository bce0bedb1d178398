namespace Engine;

/// <summary>Which transport carries the connections. Both give the same results, errors and close reasons.</summary>
public enum TransportKind : byte
{
    /// <summary><see cref="Epoll"/> on Linux (x64 and arm64), <see cref="Sockets"/> elsewhere.</summary>
    Auto = 0,

    /// <summary>The runtime's sockets with pooled event args, on every operating system.</summary>
    Sockets = 1,

    /// <summary>The kernel's readiness queue, called directly; Linux only.</summary>
    Epoll = 2,
}
