namespace Engine.Http1;

/// <summary>A request body that cannot be read to its end: broken framing, a limit, a peer that is too slow or gone. The connection closes; nothing has to be done.</summary>
public sealed class RequestBodyException : IOException
{
    /// <summary>Says why.</summary>
    public RequestBodyException(string message)
        : base(message)
    {
    }
}
