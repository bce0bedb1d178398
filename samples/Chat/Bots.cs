using System.Text.Json.Nodes;
using Engine.PubSub;

namespace Chat;

/// <summary>
/// Scripted members with a personality each. A bot that is switched on answers what is asked of it (<c>ai-request</c>), and what is said when its name falls: token
/// by token on the live topic, then as a whole in the room.
/// </summary>
internal sealed class Bots(TopicHub hub, Action<string, string?, JsonObject> keep) : IDisposable
{
    private static readonly TimeSpan TokenInterval = TimeSpan.FromMilliseconds(40);

    private static readonly Dictionary<string, Func<string, string>> Personalities = new(StringComparer.Ordinal)
    {
        ["Sage"] = static said => $"You say \"{said}\". What did you hope to hear when you said it? Begin there, and walk slowly.",
        ["Pirate"] = static said => $"Arr! \"{said}\", says the landlubber! Hoist the sails, we settle that one on the high sea!",
        ["Clerk"] = static said => $"Your message of {said.Length} characters has been received and filed under {char.ToUpperInvariant(said.Length > 0 ? said[0] : '-')}. A reply follows within ten working days.",
    };

    private readonly Lock _gate = new();
    private readonly HashSet<(string Room, string Bot)> _on = [];
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);
    private readonly Queue<string> _answeredInOrder = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Switches a bot of a room on or off.</summary>
    public void Toggle(string topic, string bot, bool isOn)
    {
        lock (_gate)
        {
            (string, string) entry = (topic.Split('.')[1], bot);
            if (isOn && Personalities.ContainsKey(bot))
            {
                _on.Add(entry);
            }
            else
            {
                _on.Remove(entry);
            }
        }
    }

    /// <summary>Something was said in a room; a message that comes a second time is answered once.</summary>
    public void Hear(string topic, JsonObject data)
    {
        string room = topic.Split('.')[1];
        string? said = Rooms.Text(data, "text");
        if (said is null || Rooms.Text(data, "id") is not { } id)
        {
            return;
        }

        foreach ((string bot, Func<string, string> answer) in Personalities)
        {
            bool isAsked = Rooms.Text(data, "type") == "ai-request" ? Rooms.Text(data, "bot") == bot : said.Contains(bot, StringComparison.OrdinalIgnoreCase) && IsOn(room, bot);
            if (isAsked && IsFirst($"{id} {bot}"))
            {
                _ = AnswerAsync(room, bot, id, answer(said));
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private bool IsOn(string room, string bot)
    {
        lock (_gate)
        {
            return _on.Contains((room, bot));
        }
    }

    private bool IsFirst(string question)
    {
        lock (_gate)
        {
            if (!_answered.Add(question))
            {
                return false;
            }

            _answeredInOrder.Enqueue(question);
            if (_answeredInOrder.Count > 1_000)
            {
                _answered.Remove(_answeredInOrder.Dequeue());
            }

            return true;
        }
    }

    private async Task AnswerAsync(string room, string bot, string question, string text)
    {
        string id = $"{question}-{bot}";
        try
        {
            foreach (string token in text.Split(' '))
            {
                await Task.Delay(TokenInterval, _stop.Token);
                Publish($"live.{room}", null, new JsonObject { ["type"] = "token", ["id"] = id, ["from"] = bot, ["text"] = token + " " });
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        var whole = new JsonObject { ["type"] = "chat", ["id"] = id, ["from"] = bot, ["text"] = text, ["at"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        keep($"room.{room}", id, whole);
        Publish($"room.{room}", id, whole);
    }

    private void Publish(string topic, string? key, JsonObject data)
        => hub.Publish(topic, new TopicMessage(Rooms.Bytes(data), PayloadKind.Json) { IdempotencyKey = key });
}
