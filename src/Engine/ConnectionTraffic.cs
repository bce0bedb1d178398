namespace Engine;

/// <summary>
/// What a connection has carried up to a moment, by <see cref="Connection.GetTraffic"/>. Two of them make a rate, over whatever time lies between.
/// </summary>
/// <param name="BytesReceived">Bytes received since the first look; with TLS, plain ones.</param>
/// <param name="BytesSent">Bytes that the kernel took since the first look; with TLS, plain ones.</param>
/// <param name="AtMilliseconds">The moment, by the loop's clock.</param>
public readonly record struct ConnectionTraffic(long BytesReceived, long BytesSent, long AtMilliseconds)
{
    /// <summary>Returns the bytes a second that were received since an earlier moment; 0 when no time has passed.</summary>
    public double ReceivedPerSecondSince(ConnectionTraffic earlier) => PerSecond(BytesReceived - earlier.BytesReceived, earlier);

    /// <summary>Returns the bytes a second that were sent since an earlier moment; 0 when no time has passed.</summary>
    public double SentPerSecondSince(ConnectionTraffic earlier) => PerSecond(BytesSent - earlier.BytesSent, earlier);

    private double PerSecond(long bytes, ConnectionTraffic earlier)
    {
        long milliseconds = AtMilliseconds - earlier.AtMilliseconds;
        return milliseconds > 0 ? bytes * 1000.0 / milliseconds : 0;
    }
}
