namespace Worker;

/// <summary>A service with a life as long as one request, or one WebSocket.</summary>
internal sealed class Greeter(TimeProvider clock)
{
    private int _count;

    public string Greet(string name) => $"Hello, {name}! Number {++_count} of this scope, at {clock.GetUtcNow():HH:mm:ss}.\n";
}
