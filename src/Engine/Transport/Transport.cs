using System.Net;

namespace Engine;

/// <summary>Loops, and listeners that deal accepted connections to them.</summary>
internal abstract class Transport
{
    public abstract IReadOnlyList<EventLoop> Loops { get; }

    /// <summary>
    /// Opens the listeners, then starts the loops. Returns the bound end points in the order of the options. When it throws, nothing is left open.
    /// </summary>
    public abstract IReadOnlyList<EndPoint> Start(ITransportHost host);

    /// <summary>Closes the listeners; connections go on. Completes when no accept is under way.</summary>
    public abstract Task StopListeningAsync();

    /// <summary>
    /// Begins to connect, and hands the connection to <paramref name="host"/> on the loop. Completes when that has been done; the connection may still be
    /// connecting then (<see cref="TransportConnection.IsEstablished"/>). When it throws, nothing is left open.
    /// </summary>
    /// <param name="loop">One of <see cref="Loops"/>.</param>
    /// <param name="request">Where to, and how.</param>
    /// <param name="host">Takes the connection.</param>
    /// <param name="cancellationToken">Ends the attempt where this waits for the connect.</param>
    public abstract Task ConnectAsync(EventLoop loop, OutboundRequest request, ITransportHost host, CancellationToken cancellationToken);

    /// <summary>Opens every loop, then starts them all; when one cannot be opened, none is left open.</summary>
    protected void StartLoops()
    {
        try
        {
            foreach (EventLoop loop in Loops)
            {
                loop.Open();
            }
        }
        catch
        {
            foreach (EventLoop loop in Loops)
            {
                loop.CloseUnstarted();
            }

            throw;
        }

        foreach (EventLoop loop in Loops)
        {
            loop.Start();
        }
    }

    /// <summary>Ends the loops, whose connections must have ended.</summary>
    public async Task StopAsync()
    {
        foreach (EventLoop loop in Loops)
        {
            loop.Stop();
        }

        foreach (EventLoop loop in Loops)
        {
            await loop.Completion.ConfigureAwait(false);
        }
    }
}
