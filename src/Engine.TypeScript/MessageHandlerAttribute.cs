namespace Engine.TypeScript;

/// <summary>
/// Makes a partial class a handler of messages. Its methods whose last parameter is a type with <see cref="MessageAttribute"/> are what it receives; the
/// generator adds a method <c>Dispatch</c> that reads JSON and calls the one that takes it.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class MessageHandlerAttribute : Attribute
{
    /// <summary>Where clients reach it, for the AsyncAPI document: the path of the WebSocket end point.</summary>
    public string? Address { get; set; }

    /// <summary>The messages that it sends.</summary>
    public Type[] Sends { get; set; } = [];
}
