using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Engine.Backplane.Tests;

/// <summary>A subscriber from outside: over WebSocket or SSE, on whichever node answers, coming back with its last position.</summary>
internal sealed class NodePeer(Uri[] nodes, int first, string topic, bool isSse)
{
    /// <summary>What ends a run.</summary>
    public const string End = "end";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000, ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = Timeout.InfiniteTimeSpan };

    private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _last;

    /// <summary>Each message with its position, as it came.</summary>
    public List<(string Position, string Text)> Heard { get; } = [];

    /// <summary>What was told as lost.</summary>
    public List<string> Gaps { get; } = [];

    /// <summary>How many messages had been heard when something was told as lost.</summary>
    public HashSet<int> GapsAt { get; } = [];

    /// <summary>How often it was connected.</summary>
    public int Connections { get; private set; }

    public Task Subscribed => _subscribed.Task;

    /// <summary>Listens until the end was heard.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (int node = first; ; node++)
        {
            try
            {
                Uri address = nodes[node % nodes.Length];
                if (isSse ? await ListenSseAsync(address, cancellationToken) : await ListenWebSocketAsync(address, cancellationToken))
                {
                    return;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or WebSocketException or IOException && !cancellationToken.IsCancellationRequested)
            {
                // The node is gone, or sends its clients away: another one has the topic.
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task<bool> ListenSseAsync(Uri node, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node, $"/topics?topic={topic}"));
        if (_last is { } last)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        }

        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        Connections++;
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        string? type = null, data = null;
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                _last = line[4..];
                _subscribed.TrySetResult();
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                type = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data = line[6..];
            }
            else if (line.Length == 0 && data is not null)
            {
                if (Take(type, _last!, data))
                {
                    return true;
                }

                type = data = null;
            }
        }

        return false;
    }

    private async Task<bool> ListenWebSocketAsync(Uri node, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("topics.v1");
        await socket.ConnectAsync(new UriBuilder(node) { Scheme = "ws", Path = "/topics" }.Uri, cancellationToken);
        string after = _last is { } last ? $",\"after\":\"{last}\"" : "";
        await socket.SendAsync(Encoding.UTF8.GetBytes($"{{\"type\":\"subscribe\",\"topic\":\"{topic}\"{after}}}"), WebSocketMessageType.Text, true, cancellationToken);
        byte[] buffer = new byte[65_536];
        while (true)
        {
            int length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }

            using JsonDocument json = JsonDocument.Parse(buffer.AsMemory(0, length));
            JsonElement root = json.RootElement;
            switch (root.GetProperty("type").GetString())
            {
                case "subscribed":
                    Connections++;
                    if (root.GetProperty("status").GetString() == "lost")
                    {
                        AddGap(root.ToString());
                    }

                    _last ??= root.GetProperty("position").GetString();
                    _subscribed.TrySetResult();
                    break;
                case "message":
                    _last = root.GetProperty("position").GetString()!;
                    if (Take(null, _last, root.GetProperty("text").GetString()!))
                    {
                        return true;
                    }

                    break;
                case "gap":
                    AddGap(root.ToString());
                    break;
                default:
                    // Refused for now: another node may have the topic.
                    return false;
            }
        }
    }

    private void AddGap(string text)
    {
        Gaps.Add(text);
        GapsAt.Add(Heard.Count);
    }

    private bool Take(string? type, string position, string data)
    {
        if (type is not null)
        {
            AddGap(data);
            return false;
        }

        Heard.Add((position, data));
        return data == End;
    }
}
