using System.Security.Claims;
using System.Text;

namespace Engine.Http1;

/// <summary>Decides about a token: its signature, its age, whom it is for.</summary>
/// <returns>The user; null refuses.</returns>
public delegate ValueTask<ClaimsPrincipal?> BearerValidator(HttpContext context, string token);

/// <summary>
/// Bearer tokens in the Authorization field (RFC 6750 §2.1). Tokens in queries and forms are not read: they end up in logs.
/// </summary>
public static class BearerAuthentication
{
    /// <summary>
    /// Makes middleware that lets requests through whose token <paramref name="validate"/> accepts, as
    /// <see cref="AuthenticatedUser.GetUser"/> then tells. Without a token the client gets 401 with a challenge, with one that is refused
    /// 401 <c>invalid_token</c>, with something that is no token 400 <c>invalid_request</c> (§3.1).
    /// </summary>
    /// <param name="realm">What is protected, in the challenge.</param>
    /// <param name="validate">Called where handlers run, for each request with a well-formed token.</param>
    /// <exception cref="ArgumentException">The realm holds controls or characters beyond Latin-1.</exception>
    public static HttpMiddleware Create(string realm, BearerValidator validate)
    {
        ArgumentNullException.ThrowIfNull(realm);
        ArgumentNullException.ThrowIfNull(validate);
        string challenge = $"Bearer realm={Credentials.Quote(realm)}";
        return (context, next) =>
        {
            if (!Credentials.TryGetField(context.Request.Headers, out ReadOnlySpan<byte> field))
            {
                return Refuse(context, 400, $"{challenge}, error=\"invalid_request\"");
            }

            if (!Credentials.TryOfScheme(field, "Bearer"u8, out ReadOnlySpan<byte> token))
            {
                return Refuse(context, 401, challenge);
            }

            return Credentials.IsToken(token)
                ? DecideAsync(context, next, validate(context, Encoding.ASCII.GetString(token)), challenge)
                : Refuse(context, 400, $"{challenge}, error=\"invalid_request\"");
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

        await Refuse(context, 401, $"{challenge}, error=\"invalid_token\"");
    }

    private static ValueTask Refuse(HttpContext context, int status, string challenge)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Append("WWW-Authenticate", challenge);
        return context.Response.WriteAsync(status == 401 ? "Unauthorized\n" : "Bad Request\n");
    }
}
