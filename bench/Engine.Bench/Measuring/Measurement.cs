namespace Engine.Bench;

/// <summary>One round of one server.</summary>
/// <param name="Rate">Messages a second.</param>
/// <param name="CpuMicroseconds">The server's CPU time for each.</param>
/// <param name="Busy">The server's CPU time by the clock's: 1 is a whole core. Well under 1, the load was the limit, not the server.</param>
/// <param name="P50">Microseconds, as the rest of the percentiles.</param>
/// <param name="P99">See <paramref name="P50"/>.</param>
/// <param name="P999">See <paramref name="P50"/>.</param>
/// <param name="UserInstructions">The server's own instructions for each message; NaN when they were not counted, or the processor's counter can't be had.</param>
/// <param name="KernelInstructions">The kernel's for the server.</param>
/// <param name="LoadCpuMicroseconds">The load generator's CPU time for each message.</param>
internal sealed record Measurement(double Rate, double CpuMicroseconds, double Busy, double P50, double P99, double P999, double UserInstructions, double KernelInstructions, double LoadCpuMicroseconds)
{
    /// <summary>The least latency, in microseconds, to 2 %.</summary>
    public double Least { get; init; }

    /// <summary>The greatest latency, in microseconds, to 2 %.</summary>
    public double Greatest { get; init; }

    /// <summary>What the load generator said after its figures.</summary>
    public string Rest { get; init; } = "";
}
