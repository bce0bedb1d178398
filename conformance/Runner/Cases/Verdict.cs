namespace Conformance;

/// <summary>The suite's words for an outcome.</summary>
internal enum Verdict
{
    Ok,

    /// <summary>Lawful, but not what a strict end would do.</summary>
    NonStrict,

    /// <summary>The specification leaves it open; the report tells what was seen.</summary>
    Informational,

    /// <summary>The close code is not one of those that fit.</summary>
    WrongCode,

    /// <summary>The closing handshake had to be whole, and was not.</summary>
    Unclean,

    /// <summary>The server left it to its client to end TCP.</summary>
    FailedByClient,

    /// <summary>The extension that the case is about was not agreed on.</summary>
    Unimplemented,

    Failed,
}
