namespace Engine.Http1;

/// <summary>How a response's body ends (RFC 9112 §6.3).</summary>
internal enum BodyFraming : byte
{
    /// <summary>There is none, and no field says anything about it: 1xx, 204, 304, or the answer to a HEAD whose length is unknown.</summary>
    None = 0,

    /// <summary>After Content-Length bytes.</summary>
    Length = 1,

    /// <summary>With the last chunk.</summary>
    Chunked = 2,

    /// <summary>With the connection, for HTTP/1.0.</summary>
    Close = 3,
}

/// <summary>What the head of a response says about its body and its connection. Decided once, when the response starts.</summary>
/// <param name="Kind">How the body ends.</param>
/// <param name="LengthBytes">The Content-Length that is sent; with <see cref="BodyFraming.Length"/> only.</param>
/// <param name="KeepAlive">Whether the connection goes on after the response.</param>
/// <param name="IsHead">Whether the request was HEAD: no body is sent, whatever the head says.</param>
internal readonly record struct ResponseFraming(BodyFraming Kind, long LengthBytes, bool KeepAlive, bool IsHead)
{
    /// <summary>Whether bytes of a body are sent.</summary>
    public bool HasBody => !IsHead && Kind != BodyFraming.None;

    /// <summary>Decides (RFC 9112 §6.1, §6.2, §9.3).</summary>
    /// <param name="statusCode">The status.</param>
    /// <param name="isHead">Whether the request was HEAD.</param>
    /// <param name="isHttp10">Whether the client speaks HTTP/1.0, which knows no chunks.</param>
    /// <param name="declaredBytes">The length that the handler declared, or null.</param>
    /// <param name="wholeBytes">The length of the whole body when the handler has ended before the response started, or null.</param>
    /// <param name="keepAlive">Whether the connection may go on.</param>
    public static ResponseFraming Decide(int statusCode, bool isHead, bool isHttp10, long? declaredBytes, int? wholeBytes, bool keepAlive)
    {
        if (statusCode is 204 or 304)
        {
            return new ResponseFraming(BodyFraming.None, 0, keepAlive, isHead);
        }

        if ((declaredBytes ?? wholeBytes) is { } length)
        {
            return new ResponseFraming(BodyFraming.Length, length, keepAlive, isHead);
        }

        if (isHead)
        {
            return new ResponseFraming(BodyFraming.None, 0, keepAlive, isHead);
        }

        return isHttp10
            ? new ResponseFraming(BodyFraming.Close, 0, KeepAlive: false, isHead)
            : new ResponseFraming(BodyFraming.Chunked, 0, keepAlive, isHead);
    }

    /// <summary>Whether a body of so many bytes is what the head said.</summary>
    public bool IsWhole(long writtenBytes) => Kind != BodyFraming.Length || IsHead || writtenBytes == LengthBytes;
}
