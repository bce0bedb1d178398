namespace Engine.Http1;

/// <summary>Why a request is answered with an error and its connection closed.</summary>
public enum HttpRejection : byte
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>400: the request breaks the grammar or its framing is ambiguous (RFC 9112 §2.2, §3, §5, §6).</summary>
    BadRequest = 1,

    /// <summary>408: the head or the body came too slowly (RFC 9110 §15.5.9).</summary>
    RequestTimeout = 2,

    /// <summary>411: the method needs a length (RFC 9110 §15.5.12).</summary>
    LengthRequired = 3,

    /// <summary>413: the body is larger than allowed (RFC 9110 §15.5.14).</summary>
    ContentTooLarge = 4,

    /// <summary>414: the request line is longer than allowed (RFC 9110 §15.5.15).</summary>
    UriTooLong = 5,

    /// <summary>417: an expectation that is not known (RFC 9110 §15.5.18).</summary>
    ExpectationFailed = 6,

    /// <summary>431: fields are too many or too large (RFC 6585 §5).</summary>
    FieldsTooLarge = 7,

    /// <summary>501: a transfer coding or a method that is not implemented (RFC 9112 §6.1).</summary>
    NotImplemented = 8,

    /// <summary>505: a version that is not HTTP/1.0 or HTTP/1.1, the HTTP/2 preface included (RFC 9110 §15.6.6).</summary>
    VersionNotSupported = 9,
}
