namespace Engine.Sse;

/// <summary>What was decided about a client before its stream starts.</summary>
internal enum SseAdmission
{
    /// <summary>The stream starts.</summary>
    Admitted,

    /// <summary>Answered with the status that was set, else 403.</summary>
    Refused,

    /// <summary>Answered with 503 and Retry-After, or with a stream that says when to come back.</summary>
    Full,
}
