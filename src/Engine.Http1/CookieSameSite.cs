namespace Engine.Http1;

/// <summary>With which requests a browser sends a cookie along (RFC 6265bis §5.6.7).</summary>
public enum CookieSameSite : byte
{
    /// <summary>The attribute is left out; browsers then take most cookies for <see cref="Lax"/>.</summary>
    Unspecified = 0,

    /// <summary>With requests from all sites. Browsers want <see cref="CookieAttributes.Secure"/> with it.</summary>
    None = 1,

    /// <summary>With requests of its own site, and when a link of another one is followed.</summary>
    Lax = 2,

    /// <summary>With requests of its own site only.</summary>
    Strict = 3,
}
