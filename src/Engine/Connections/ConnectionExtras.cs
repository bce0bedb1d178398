using System.Net;

namespace Engine;

/// <summary>What few connections have: made on first use, so that the others do not pay for it.</summary>
internal sealed class ConnectionExtras
{
    /// <summary>Cancelled at the end. Any thread.</summary>
    public CancellationTokenSource? ClosedSource;

    /// <summary>The address that admission counted it for, where addresses are limited. Loop only.</summary>
    public IPAddress? TicketAddress { get; set; }

    /// <summary>The list of the connection's timers. Loop only.</summary>
    public LoopTimer? FirstTimer { get; set; }

    /// <summary>Bytes received since somebody first asked. Loop only.</summary>
    public long ReceivedBytes { get; set; }

    /// <summary>Bytes that the kernel took since somebody first asked. Loop only.</summary>
    public long SentBytes { get; set; }
}
