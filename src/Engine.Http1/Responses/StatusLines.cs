using System.Globalization;
using System.Text;

namespace Engine.Http1;

/// <summary>Status lines (RFC 9112 §4) with the reason phrases of RFC 9110 §15.</summary>
internal static class StatusLines
{
    /// <summary>The interim answer to <c>Expect: 100-continue</c> (RFC 9110 §10.1.1).</summary>
    public static ReadOnlySpan<byte> ContinueResponse => "HTTP/1.1 100 Continue\r\n\r\n"u8;

    /// <summary>The whole line with its line end, for the common codes; empty for others.</summary>
    public static ReadOnlySpan<byte> Known(int statusCode) => statusCode switch
    {
        100 => "HTTP/1.1 100 Continue\r\n"u8,
        101 => "HTTP/1.1 101 Switching Protocols\r\n"u8,
        200 => "HTTP/1.1 200 OK\r\n"u8,
        201 => "HTTP/1.1 201 Created\r\n"u8,
        202 => "HTTP/1.1 202 Accepted\r\n"u8,
        204 => "HTTP/1.1 204 No Content\r\n"u8,
        206 => "HTTP/1.1 206 Partial Content\r\n"u8,
        301 => "HTTP/1.1 301 Moved Permanently\r\n"u8,
        302 => "HTTP/1.1 302 Found\r\n"u8,
        303 => "HTTP/1.1 303 See Other\r\n"u8,
        304 => "HTTP/1.1 304 Not Modified\r\n"u8,
        307 => "HTTP/1.1 307 Temporary Redirect\r\n"u8,
        308 => "HTTP/1.1 308 Permanent Redirect\r\n"u8,
        400 => "HTTP/1.1 400 Bad Request\r\n"u8,
        401 => "HTTP/1.1 401 Unauthorized\r\n"u8,
        403 => "HTTP/1.1 403 Forbidden\r\n"u8,
        404 => "HTTP/1.1 404 Not Found\r\n"u8,
        405 => "HTTP/1.1 405 Method Not Allowed\r\n"u8,
        408 => "HTTP/1.1 408 Request Timeout\r\n"u8,
        409 => "HTTP/1.1 409 Conflict\r\n"u8,
        411 => "HTTP/1.1 411 Length Required\r\n"u8,
        412 => "HTTP/1.1 412 Precondition Failed\r\n"u8,
        413 => "HTTP/1.1 413 Content Too Large\r\n"u8,
        414 => "HTTP/1.1 414 URI Too Long\r\n"u8,
        415 => "HTTP/1.1 415 Unsupported Media Type\r\n"u8,
        417 => "HTTP/1.1 417 Expectation Failed\r\n"u8,
        422 => "HTTP/1.1 422 Unprocessable Content\r\n"u8,
        426 => "HTTP/1.1 426 Upgrade Required\r\n"u8,
        429 => "HTTP/1.1 429 Too Many Requests\r\n"u8,
        431 => "HTTP/1.1 431 Request Header Fields Too Large\r\n"u8,
        500 => "HTTP/1.1 500 Internal Server Error\r\n"u8,
        501 => "HTTP/1.1 501 Not Implemented\r\n"u8,
        502 => "HTTP/1.1 502 Bad Gateway\r\n"u8,
        503 => "HTTP/1.1 503 Service Unavailable\r\n"u8,
        504 => "HTTP/1.1 504 Gateway Timeout\r\n"u8,
        505 => "HTTP/1.1 505 HTTP Version Not Supported\r\n"u8,
        _ => default,
    };

    /// <summary>Writes the line; a code without a phrase of its own gets an empty one (RFC 9112 §4). Answers its length.</summary>
    public static int Write(Span<byte> destination, int statusCode)
    {
        ReadOnlySpan<byte> known = Known(statusCode);
        if (known.IsEmpty)
        {
            string line = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {statusCode} \r\n");
            return Encoding.ASCII.GetBytes(line, destination);
        }

        known.CopyTo(destination);
        return known.Length;
    }

    /// <summary>The phrase of a common code as a line of text, for the bodies of errors.</summary>
    public static string Text(int statusCode) => Known(statusCode) is { IsEmpty: false } line ? Encoding.ASCII.GetString(line[13..^2]) + "\n" : "";

    /// <summary>The status of a rejection.</summary>
    public static int Of(HttpRejection rejection) => rejection switch
    {
        HttpRejection.RequestTimeout => 408,
        HttpRejection.LengthRequired => 411,
        HttpRejection.ContentTooLarge => 413,
        HttpRejection.UriTooLong => 414,
        HttpRejection.ExpectationFailed => 417,
        HttpRejection.FieldsTooLarge => 431,
        HttpRejection.NotImplemented => 501,
        HttpRejection.VersionNotSupported => 505,
        _ => 400,
    };
}
