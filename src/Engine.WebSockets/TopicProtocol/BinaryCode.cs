namespace Engine.WebSockets;

/// <summary>The first byte of each message of <c>topics.v1.binary</c>: under 128 from the client, above it from the server.</summary>
internal enum BinaryCode : byte
{
    Subscribe = 1,
    Unsubscribe = 2,
    Publish = 3,
    Ping = 4,
    Subscribed = 129,
    Unsubscribed = 130,
    Published = 131,
    Pong = 132,
    Error = 133,
    Message = 134,
    Gap = 135,
    Advice = 136,
}
