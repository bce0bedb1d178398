using System.Security.Claims;

namespace Engine.Http1;

/// <summary>Who sends a request, as the middleware that asked found out.</summary>
public static class AuthenticatedUser
{
    private static readonly object Key = new();

    /// <summary>Returns the user of the request; null when nothing has set one.</summary>
    public static ClaimsPrincipal? GetUser(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Items.TryGetValue(Key, out object? user) ? (ClaimsPrincipal?)user : null;
    }

    /// <summary>Sets the user of the request, for authentication of your own.</summary>
    public static void SetUser(this HttpContext context, ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(user);
        context.Items[Key] = user;
    }
}
