namespace Conformance;

/// <summary>One case as it ended.</summary>
/// <param name="Case">What was run.</param>
/// <param name="Behavior">Verdict on what was received.</param>
/// <param name="CloseBehavior">Verdict on how the connection ended.</param>
/// <param name="Result">What the first verdict rests on.</param>
/// <param name="CloseResult">What the second verdict rests on.</param>
/// <param name="RemoteCloseCode">The peer's close code, if it sent one.</param>
/// <param name="Duration">From connecting to the end of the connection.</param>
/// <param name="Log">The frames, for those that are not OK.</param>
internal sealed record CaseResult(
    ConformanceCase Case, Verdict Behavior, Verdict CloseBehavior, string Result, string CloseResult, int? RemoteCloseCode, TimeSpan Duration, IReadOnlyList<string> Log)
{
    public bool IsAccepted => Behavior is Verdict.Ok or Verdict.Informational && CloseBehavior is Verdict.Ok or Verdict.Informational;

    public static CaseResult Of(ConformanceCase one, CaseScript script, TimeSpan duration)
    {
        CaseResult result = new(one, script.Behavior, script.CloseBehavior, script.Result, script.CloseResult, script.Peer?.RemoteCloseCode, duration, []);
        return result.IsAccepted ? result : result with { Log = [.. script.Peer?.Log.Lines ?? []] };
    }
}
