namespace Engine;

/// <summary>What holds of the pump, and what it owes to the protocol at the turn's end.</summary>
[Flags]
internal enum PumpState : byte
{
    None = 0,

    /// <summary>A protocol is being called with bytes: what it asks for happens when it returns.</summary>
    Running = 1,

    /// <summary>The host paused receiving.</summary>
    Paused = 2,

    /// <summary>Receiving was resumed: bytes that were kept are offered, then the transport reads again.</summary>
    ResumeOwed = 4,

    /// <summary>Receiving was paused and resumed within one call: what the protocol leaves is offered again after it.</summary>
    ResumedInside = 8,

    /// <summary>The peer's FIN is to be told, behind the bytes that came before it.</summary>
    PeerEndOwed = 16,

    /// <summary>A protocol was told that the server stops.</summary>
    StopTold = 32,

    /// <summary>A successor has yet to be told.</summary>
    StopOwed = 64,

    /// <summary>The connection closes, and the time for that runs.</summary>
    Over = 128,

    /// <summary>What the turn's end has to see to.</summary>
    Owed = ResumeOwed | PeerEndOwed | StopOwed,
}
