using System.Net;

namespace Engine;

/// <summary>Loops, and listeners that deal accepted connections to them.</summary>
internal abstract class Transport
{
    public abstract IReadOnlyList<EventLoop> Loops { get; }

    /// <summary>Opens the listeners, then starts the loops. Answers the bound end points in the order of the options.</summary>
    public abstract IReadOnlyList<EndPoint> Start(ITransportHost host);

    /// <summary>Closes the listeners; connections go on. Completes when no accept is under way.</summary>
    public abstract Task StopListeningAsync();

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
