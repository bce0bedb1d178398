namespace Engine.Http1;

/// <summary>
/// What a browser is told about a cookie beside its name and value (RFC 6265 §4.1.2, RFC 6265bis). One instance may serve many cookies.
/// </summary>
public sealed class CookieAttributes
{
    /// <summary>
    /// The paths it is sent to: this one and those below it. "/" by default; null leaves the choice to the browser, which takes the
    /// request's folder.
    /// </summary>
    public string? Path { get; init; } = "/";

    /// <summary>The domain it is sent to, with all hosts below; null, the default, keeps it to the host that set it.</summary>
    public string? Domain { get; init; }

    /// <summary>
    /// How long it lives; zero or less deletes it. Goes before <see cref="Expires"/>. Without either it ends with the browser's session.
    /// </summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>When it ends, for clients that know no Max-Age.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Whether it is sent over TLS only. True by default; browsers take the loopback address for secure.</summary>
    public bool Secure { get; init; } = true;

    /// <summary>Whether scripts cannot read it. True by default.</summary>
    public bool HttpOnly { get; init; } = true;

    /// <summary>With which requests it is sent. <see cref="CookieSameSite.Lax"/> by default.</summary>
    public CookieSameSite SameSite { get; init; } = CookieSameSite.Lax;

    /// <summary>Whether a page that embeds this site has a jar of its own for it (CHIPS). Off by default.</summary>
    public bool Partitioned { get; init; }
}
