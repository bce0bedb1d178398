namespace Engine.Http1;

/// <summary>What a handler's exception means to its client.</summary>
internal static class HandlerFailure
{
    /// <summary>The status that fits: 4xx when it is the client's doing, else 500.</summary>
    public static int StatusOf(Exception exception) => exception switch
    {
        RequestBodyException { StatusCode: > 0 and int status } => status,
        RequestBodyException or RequestFormatException => 400,
        _ => 500,
    };
}
