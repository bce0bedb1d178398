namespace Engine.WebSockets;

/// <summary>A client of <c>topics.v1</c>, as the host knows it.</summary>
public sealed class TopicPeer
{
    /// <summary>Whatever the host keeps of it.</summary>
    public object? User { get; init; }

    /// <summary>Who it is in topics with presence (<see cref="TopicOptions.Presence"/>); null, the default, for nobody.</summary>
    public string? MemberName { get; init; }

    /// <summary>What others are told of the member, as JSON in UTF-8; the empty object when it is empty.</summary>
    public ReadOnlyMemory<byte> MemberInfo { get; init; }
}
