namespace Conformance;

/// <summary>One vector as it ended.</summary>
/// <param name="Vector">What was sent.</param>
/// <param name="Seen">The statuses and the end, in the words of the expectation.</param>
/// <param name="Fault">Why it is not lawful; null when it is.</param>
/// <param name="IsWanted">Whether it is the first of the lawful outcomes.</param>
internal sealed record HttpVectorResult(HttpVector Vector, string Seen, string? Fault, bool IsWanted);
