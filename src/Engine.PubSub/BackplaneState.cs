namespace Engine.PubSub;

/// <summary>How a broker stands.</summary>
public enum BackplaneState : byte
{
    /// <summary>It cannot be reached. The backplane keeps trying.</summary>
    Away = 0,

    /// <summary>It answers.</summary>
    Connected = 1,
}
