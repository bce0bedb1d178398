namespace Engine.Http1;

/// <summary>Content codings (RFC 9110 §8.4.1), as a set.</summary>
[Flags]
public enum ContentCodings : byte
{
    /// <summary>None: bytes as they are.</summary>
    None = 0,

    /// <summary><c>gzip</c> (RFC 1952).</summary>
    Gzip = 1,

    /// <summary><c>br</c> (RFC 7932).</summary>
    Brotli = 2,
}
