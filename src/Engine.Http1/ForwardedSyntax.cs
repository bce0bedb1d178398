namespace Engine.Http1;

/// <summary>How proxies say for whom they ask.</summary>
public enum ForwardedSyntax : byte
{
    /// <summary><c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c>, as most do.</summary>
    XForwarded = 0,

    /// <summary><c>Forwarded</c> (RFC 7239).</summary>
    Forwarded = 1,
}
