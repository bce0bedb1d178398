using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.PubSub;
using Engine.WebSockets;

namespace Chat;

/// <summary>
/// The topics of the chat. <c>room.NAME</c> is what was said (<c>chat</c>, <c>clear</c>, <c>ai-request</c>), <c>live.NAME</c> what passes (<c>typing</c>, tokens of
/// bots), <c>media.NAME</c> who has microphone and camera on, <c>bots.NAME</c> which bots listen, and <c>signal.NAME.MEMBER</c> what one member is sent to open a
/// peer connection. The members of <c>room.NAME</c> are in its presence topic.
/// </summary>
internal sealed class Rooms : IDisposable
{
    public const int MaxMessageBytes = 32_768;
    public const int HistoryCount = 256;

    private readonly Journal? _journal;
    private readonly Bots _bots;

    /// <param name="journal">Keeps the rooms over a restart; null for none.</param>
    /// <param name="backplane">Joins the rooms to those of other processes; null for none.</param>
    public Rooms(Journal? journal, IBackplane? backplane)
    {
        _journal = journal;
        var options = new TopicHubOptions { MaxMessageBytes = MaxMessageBytes, MaxTopics = 10_000, OnError = static exception => Console.Error.WriteLine(exception) };
        if (backplane is not null)
        {
            options.Backplane = new BackplaneOptions(backplane);
        }

        Hub = new TopicHub(options
            .Add("room.*", new TopicOptions(TopicKind.Stream)
            {
                MaxMessages = HistoryCount,
                MaxBytes = 4 << 20,
                MaxAge = Timeout.InfiniteTimeSpan,
                Presence = new PresenceOptions { Window = TimeSpan.FromMilliseconds(200), Grace = TimeSpan.FromSeconds(3) },
            })
            .Add("media.*", new TopicOptions(TopicKind.Latest))
            .Add("bots.*", new TopicOptions(TopicKind.Latest))
            .Add("signal.>", new TopicOptions(TopicKind.Stream) { MaxMessages = 100, MaxAge = TimeSpan.FromSeconds(30) }));
        _bots = new Bots(Hub, Keep);
        foreach (JournalEntry entry in journal?.Take(HistoryCount) ?? [])
        {
            Hub.Publish(entry.Topic, new TopicMessage(Bytes(entry.Data), PayloadKind.Json) { IdempotencyKey = entry.Key });
        }
    }

    public TopicHub Hub { get; }

    public static TopicPeer PeerOf(string name) => new() { User = name, MemberName = name };

    /// <summary>Rooms are open to readers without a name; what is sent to a member is that member's.</summary>
    public static bool MayHear(string? name, string topic) => topic.Split('.') switch
    {
        ["room" or "live" or "media" or "bots", _] => true,
        ["signal", _, string member] => member == name,
        _ => false,
    };

    public static bool MayPublish(string name, string topic) => name.Length > 0 && topic.Split('.') is ["room" or "live" or "media" or "bots", _] or ["signal", _, _];

    /// <summary>Says who sent a message and when, and makes bots hear it. Not an object of JSON is published as an empty one.</summary>
    public TopicMessage Complete(string name, string topic, in TopicMessage message)
    {
        JsonObject data = Read(message);
        data["from"] = name;
        data["at"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        string kind = topic.Split('.')[0];
        var completed = new TopicMessage(Bytes(data), PayloadKind.Json)
        {
            IdempotencyKey = message.IdempotencyKey,
            Key = kind switch
            {
                "media" => name,
                "bots" => Text(data, "bot") ?? name,
                _ => null,
            },
        };
        if (kind == "room")
        {
            Keep(topic, message.IdempotencyKey, data);
            _bots.Hear(topic, data);
        }
        else if (kind == "bots" && Text(data, "bot") is { } bot)
        {
            _bots.Toggle(topic, bot, data["on"]?.GetValueKind() == JsonValueKind.True);
        }

        return completed;
    }

    public void Dispose()
    {
        _bots.Dispose();
        Hub.Dispose();
    }

    internal static byte[] Bytes(JsonObject data) => Encoding.UTF8.GetBytes(data.ToJsonString());

    internal static string? Text(JsonObject data, string name) => data[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Before it is published: what a client hears of is in the journal, and comes back with its key, so that nothing is there twice.</summary>
    private void Keep(string topic, string? key, JsonObject data) => _journal?.Add(new JournalEntry(topic, key, data));

    private static JsonObject Read(in TopicMessage message)
    {
        try
        {
            return message.Kind == PayloadKind.Json && JsonNode.Parse(message.Payload.Span) is JsonObject data ? data : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
