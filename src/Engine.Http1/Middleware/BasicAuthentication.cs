using System.Security.Claims;

namespace Engine.Http1;

/// <summary>
/// Decides about a name and a password. Compare secrets with <see cref="SecretComparison"/>, and take as long for a name that is unknown.
/// </summary>
/// <returns>The user; null refuses.</returns>
public delegate ValueTask<ClaimsPrincipal?> BasicValidator(HttpContext context, string userName, string password);

/// <summary>HTTP's Basic authentication (RFC 7617). Only over TLS: the password is readable on the way.</summary>
public static class BasicAuthentication
{
    /// <summary>
    /// Makes middleware that lets requests through whose credentials <paramref name="validate"/> accepts, as
    /// <see cref="AuthenticatedUser.GetUser"/> then tells; others get 401 with a challenge.
    /// </summary>
    /// <param name="realm">What the browser shows when it asks.</param>
    /// <param name="validate">Called where handlers run, for each request with well-formed credentials.</param>
    /// <exception cref="ArgumentException">The realm holds controls or characters beyond Latin-1.</exception>
    public static HttpMiddleware Create(string realm, BasicValidator validate)
    {
        ArgumentNullException.ThrowIfNull(realm);
        ArgumentNullException.ThrowIfNull(validate);
        string challenge = $"Basic realm={Credentials.Quote(realm)}, charset=\"UTF-8\"";
        return (context, next) =>
        {
            bool isOne = Credentials.TryGetField(context.Request.Headers, out ReadOnlySpan<byte> field);
            return isOne
                && Credentials.TryOfScheme(field, "Basic"u8, out ReadOnlySpan<byte> credentials)
                && Credentials.TryReadBasic(credentials, out string user, out string password)
                ? DecideAsync(context, next, validate(context, user, password), challenge)
                : Refuse(context, challenge);
        };
    }

    private static async ValueTask DecideAsync(HttpContext context, HttpHandler next, ValueTask<ClaimsPrincipal?> deciding, string challenge)
    {
        if (await deciding is { } user)
        {
            context.SetUser(user);
            await next(context);
            return;
        }

        await Refuse(context, challenge);
    }

    private static ValueTask Refuse(HttpContext context, string challenge)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.Append("WWW-Authenticate", challenge);
        return context.Response.WriteAsync("Unauthorized\n");
    }
}
