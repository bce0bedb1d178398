namespace Engine.Http1;

/// <summary>Limits of one route, where they differ from the server's <see cref="HttpLimits"/>. Fixed once the route is mapped.</summary>
public sealed class RouteOptions
{
    /// <summary>Bytes of one request body after its transfer coding is removed; more is answered with 413. Null, the default, takes the server's.</summary>
    public long? MaxRequestBodySize
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value.GetValueOrDefault(), nameof(value));
            field = value;
        }
    }

    /// <summary>
    /// How long a handler may take until <see cref="HttpContext.RequestAborted"/> is cancelled. A handler that leaves by it is answered with 503, when its response has
    /// not started; one that ignores it runs on. Null, the default, gives it any time.
    /// </summary>
    public TimeSpan? RequestTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value ?? TimeSpan.MaxValue, TimeSpan.Zero, nameof(value));
            field = value;
        }
    }
}
