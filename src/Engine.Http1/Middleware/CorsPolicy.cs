namespace Engine.Http1;

/// <summary>
/// Which pages of other origins may read responses (WHATWG Fetch, the CORS protocol). Read once, when the middleware is made.
/// </summary>
public sealed class CorsPolicy
{
    /// <summary>
    /// Origins that may, as browsers write them: <c>https://example.org</c>, <c>http://localhost:3000</c>. No path, no slash at the end.
    /// "*" stands for all.
    /// </summary>
    public ISet<string> Origins { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Decides about an origin that is not listed; null, the default, refuses it. Called on the connection's loop for each request that
    /// names one.
    /// </summary>
    public Func<string, bool>? AllowOrigin { get; set; }

    /// <summary>Methods beyond GET, HEAD and POST; "*", the default, allows each that is asked for.</summary>
    public ISet<string> Methods { get; } = new HashSet<string>(StringComparer.Ordinal) { "*" };

    /// <summary>Request fields beyond those that every page may send; "*", the default, allows each that is asked for.</summary>
    public ISet<string> Headers { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "*" };

    /// <summary>Response fields that scripts may read beyond the few that they always may; none by default.</summary>
    public ISet<string> ExposedHeaders { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether cookies and credentials go along. Off by default. It wants origins by name: with all of them, any page could act as whoever
    /// looks at it.
    /// </summary>
    public bool AllowCredentials { get; set; }

    /// <summary>How long a browser may keep the answer to a preflight; 10 minutes by default, zero says nothing.</summary>
    public TimeSpan PreflightMaxAge { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Which requests the policy is for; null, the default, is all. Called for each request.</summary>
    public Func<HttpContext, bool>? AppliesTo { get; set; }
}
