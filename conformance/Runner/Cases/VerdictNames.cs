namespace Conformance;

/// <summary>Verdicts as the suite's reports spell them.</summary>
internal static class VerdictNames
{
    public static string Name(this Verdict verdict) => verdict switch
    {
        Verdict.Ok => "OK",
        Verdict.NonStrict => "NON-STRICT",
        Verdict.Informational => "INFORMATIONAL",
        Verdict.WrongCode => "WRONG CODE",
        Verdict.Unclean => "UNCLEAN",
        Verdict.FailedByClient => "FAILED BY CLIENT",
        Verdict.Unimplemented => "UNIMPLEMENTED",
        _ => "FAILED",
    };
}
