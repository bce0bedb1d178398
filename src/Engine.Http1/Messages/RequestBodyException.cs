namespace Engine.Http1;

/// <summary>
/// A request body that cannot be used: broken framing, a limit, content that does not parse, a peer that is too slow or gone. A handler need not catch it: the server
/// sends the response that fits, if none has started.
/// </summary>
public sealed class RequestBodyException : IOException
{
    /// <summary>Says why; the server chooses the status.</summary>
    public RequestBodyException(string message)
        : base(message)
    {
    }

    /// <summary>Says why, and which status the client gets when the handler lets the exception pass.</summary>
    /// <param name="message">For logs; it is not sent.</param>
    /// <param name="statusCode">400 to 499.</param>
    /// <param name="innerException">What was thrown by the reader of the content, or null.</param>
    public RequestBodyException(string message, int statusCode, Exception? innerException = null)
        : base(message, innerException)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(statusCode, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(statusCode, 499);
        StatusCode = statusCode;
    }

    /// <summary>The status of the response when the handler lets the exception pass; 0 leaves it to the server.</summary>
    public int StatusCode { get; }
}
