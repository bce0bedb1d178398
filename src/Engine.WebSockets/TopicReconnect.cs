namespace Engine.WebSockets;

/// <summary>What a <see cref="TopicClient"/> does after a connection was lost, or was not made.</summary>
public enum TopicReconnect : byte
{
    /// <summary>Comes back within twice the shortest delay.</summary>
    Again = 0,

    /// <summary>Comes back, waiting longer each time.</summary>
    Later = 1,

    /// <summary>Stays away until <see cref="TopicClient.Connect"/> is called.</summary>
    Never = 2,
}
