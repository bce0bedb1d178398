namespace Engine.Http1;

/// <summary>
/// A request that was refused before a handler saw it: why, and what its client is sent. Handed to <see cref="HttpServerOptions.OnRefused"/>, which may give the
/// body; valid during that call.
/// </summary>
public sealed class HttpRefusal
{
    internal HttpRefusal(Connection connection, HttpRejection reason, int statusCode)
    {
        Connection = connection;
        Reason = reason;
        StatusCode = statusCode;
    }

    /// <summary>The connection, which closes behind the response.</summary>
    public Connection Connection { get; }

    /// <summary>Why.</summary>
    public HttpRejection Reason { get; }

    /// <summary>The status that the client is sent.</summary>
    public int StatusCode { get; }

    /// <summary>The body that the client is sent; null, the default, sends the status in words.</summary>
    public string? Body { get; set; }

    /// <summary>The body's media type.</summary>
    public string ContentType { get; set; } = "text/plain; charset=utf-8";
}
