namespace Engine.TypeScript.Generator;

/// <summary>A class that takes messages.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">Its namespace; empty for none.</param>
/// <param name="Documentation">What its comment says.</param>
/// <param name="Address">Where clients reach it; null when it does not say.</param>
/// <param name="Context">The type, in C#, of what its methods are given before the message; null for nothing.</param>
/// <param name="Methods">Its methods.</param>
/// <param name="Sends">The messages that it sends.</param>
internal sealed record HandlerModel(
    string Name,
    string Namespace,
    string Documentation,
    string? Address,
    string? Context,
    EquatableArray<HandlerMethod> Methods,
    EquatableArray<string> Sends);

/// <summary>A method that takes one type of message.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Message">The value of the member "type".</param>
/// <param name="Type">The message's type.</param>
/// <param name="Returns">void, ValueTask or Task.</param>
internal sealed record HandlerMethod(string Name, string Message, TypeUse Type, string Returns);
