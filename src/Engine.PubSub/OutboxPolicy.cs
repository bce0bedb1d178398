namespace Engine.PubSub;

/// <summary>What becomes of publications while a broker is away.</summary>
public enum OutboxPolicy : byte
{
    /// <summary>They wait in the outbox until the broker is back; when it is full, further ones are refused. The default.</summary>
    Wait = 0,

    /// <summary>They are refused at once. Those that were under way when the connection failed are tried again all the same.</summary>
    Refuse = 1,
}
