namespace Engine.PubSub;

/// <summary>What the bytes of a message are, so that each wire can frame them.</summary>
public enum PayloadKind : byte
{
    /// <summary>UTF-8 text.</summary>
    Text = 0,

    /// <summary>UTF-8 text that is one JSON value.</summary>
    Json = 1,

    /// <summary>Any bytes.</summary>
    Binary = 2,
}
