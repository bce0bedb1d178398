namespace Engine.Http1;

/// <summary>Something that the client sent does not have the form that the handler asked for. The client gets 400 when the handler lets the exception pass.</summary>
public sealed class RequestFormatException : FormatException
{
    /// <summary>Says what is wrong, for logs: it is not sent.</summary>
    public RequestFormatException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
