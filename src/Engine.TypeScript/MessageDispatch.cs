namespace Engine.TypeScript;

/// <summary>What became of one message that a handler was given.</summary>
public enum MessageDispatch
{
    /// <summary>A method took it.</summary>
    Handled,

    /// <summary>It is JSON with a <c>type</c>, but no method takes that type.</summary>
    Unknown,

    /// <summary>It is not JSON, has no <c>type</c>, or breaks the contract of its type. No method was called.</summary>
    Malformed,
}
