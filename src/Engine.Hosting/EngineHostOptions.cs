namespace Engine.Hosting;

/// <summary>How the host's servers stop, and what health checks and certificates go by. Bound from the configuration's section <c>Engine</c>.</summary>
public sealed class EngineHostOptions
{
    /// <summary>
    /// How long the servers go on accepting after <c>ready</c> has become false, so that load balancers see it and send no more; zero by default. It is part of the
    /// host's shutdown time.
    /// </summary>
    public TimeSpan DrainDelay { get; set; }

    /// <summary>
    /// How long connections may take to end once draining has begun; what is left then is reset. Null, the default, takes what the host's shutdown time
    /// (<c>HostOptions.ShutdownTimeout</c>) leaves, less a tenth, so that the host's other services get to stop too.
    /// </summary>
    public TimeSpan? DrainTimeout { get; set; }

    /// <summary>How often certificate files are looked at for a change; 10 seconds by default, 10 milliseconds at least.</summary>
    public TimeSpan CertificateCheckInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The turn of an event loop from which the check <c>live</c> fails, because a handler blocks it; 30 seconds by default.</summary>
    public TimeSpan MaxLoopLag { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether systemd is told of the start, the stop and, where its unit asks for it, every few seconds that the loops turn. True by default; without systemd it does nothing.</summary>
    public bool NotifySystemd { get; set; } = true;
}
