using System.Text;

namespace Engine.Http1;

/// <summary>An id for each request, so that lines of logs, and of other systems, can be brought together.</summary>
public static class RequestIds
{
    private const string DefaultField = "X-Request-Id";
    private const int MaxLength = 128;

    private static readonly object Key = new();

    /// <summary>Makes middleware that gives each request an id, and tells the client in a field of the response.</summary>
    /// <param name="fieldName">The field; X-Request-Id by default.</param>
    /// <param name="takeFromClient">
    /// Whether an id that the request brings is taken over, if it is one of 1 to 128 letters, digits, dots, hyphens and underscores. Off by
    /// default: only a proxy in front should choose ids.
    /// </param>
    /// <exception cref="ArgumentException">The field's name is no token.</exception>
    public static HttpMiddleware Create(string fieldName = DefaultField, bool takeFromClient = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(fieldName);
        if (fieldName.AsSpan().ContainsAnyExcept(HttpCharacters.TokenText))
        {
            throw new ArgumentException("A field name is a token.", nameof(fieldName));
        }

        return (context, next) =>
        {
            string id = takeFromClient && context.Request.Headers.TryGetBytes(fieldName, out ReadOnlySpan<byte> brought) && IsFine(brought)
                ? Encoding.ASCII.GetString(brought)
                : Guid.NewGuid().ToString("N");
            context.Items[Key] = id;
            context.Response.Headers.Set(fieldName, id);
            return next(context);
        };
    }

    /// <summary>Returns the id of the request; null when the middleware did not run.</summary>
    public static string? GetRequestId(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Items.TryGetValue(Key, out object? id) ? (string?)id : null;
    }

    /// <summary>What can be written anywhere without being taken for something else.</summary>
    private static bool IsFine(ReadOnlySpan<byte> id)
    {
        if (id.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (byte value in id)
        {
            if (!char.IsAsciiLetterOrDigit((char)value) && value is not ((byte)'-' or (byte)'_' or (byte)'.'))
            {
                return false;
            }
        }

        return true;
    }
}
