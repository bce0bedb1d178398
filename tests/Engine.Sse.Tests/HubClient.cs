using System.Text;

namespace Engine.Sse.Tests;

/// <summary>The other end of a hub's stream, in memory.</summary>
internal sealed class HubClient
{
    private readonly MemoryServer _server;
    private string _behindHead;

    public HubClient(MemoryServer server, MemoryPeer peer)
    {
        _server = server;
        Peer = peer;
        string text = Encoding.UTF8.GetString(peer.TakeReceived());
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        Head = text[..end];
        _behindHead = text[end..];
    }

    public MemoryPeer Peer { get; }

    public string Head { get; }

    /// <summary>The data lines of a piece of stream.</summary>
    public static IEnumerable<string> Data(string text) => text.Split('\n').Where(static line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(static line => line[6..]);

    public string Take()
    {
        _server.RunUntilIdle();
        string text = _behindHead + Encoding.UTF8.GetString(Peer.TakeReceived());
        _behindHead = "";
        return text;
    }

    public string TakeData() => string.Join(' ', Data(Take()));

    public string TakeLastId() => Take().Split('\n').Last(static line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];

    public void Go(MemoryServer server, Func<bool> isSeen)
    {
        Peer.CloseSend();
        Assert.That(server.RunUntil(isSeen, TimeSpan.FromSeconds(10)), Is.True);
    }
}
