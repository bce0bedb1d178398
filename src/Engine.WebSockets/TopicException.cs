namespace Engine.WebSockets;

/// <summary>A server, or the client itself, refuses a subscription or a message of a <see cref="TopicClient"/>.</summary>
public sealed class TopicException : Exception
{
    /// <summary>Makes one without a code.</summary>
    public TopicException()
        : this("The topic refuses.")
    {
    }

    /// <summary>Makes one without a code.</summary>
    public TopicException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with what led to it.</summary>
    public TopicException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal TopicException(string code, bool mayRetry, string message)
        : base(message)
    {
        Code = code;
        MayRetry = mayRetry;
    }

    /// <summary>The server's code, such as <c>forbidden</c>; or <c>outboxFull</c>, <c>closed</c> or <c>refused</c>, which the client says itself.</summary>
    public string Code { get; } = "";

    /// <summary>Whether the same may succeed later.</summary>
    public bool MayRetry { get; }
}
