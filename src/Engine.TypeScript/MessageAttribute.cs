namespace Engine.TypeScript;

/// <summary>Makes a record a message: JSON whose member <c>type</c> names it. It is part of the contract of its assembly.</summary>
/// <param name="type">The value of the member <c>type</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class MessageAttribute(string type) : Attribute
{
    /// <summary>The value of the member <c>type</c>.</summary>
    public string Type { get; } = type;
}
