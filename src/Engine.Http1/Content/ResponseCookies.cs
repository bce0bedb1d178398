using System.Buffers;
using System.Globalization;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// Cookies of a response: one Set-Cookie field each. Whatever a browser would ignore or take for something else is refused here, where it
/// can be seen.
/// </summary>
public static class ResponseCookies
{
    /// <summary>RFC 6265bis §5.6 has browsers ignore cookies with a longer name and value, or a longer value of an attribute.</summary>
    private const int MaxPairBytes = 4096;
    private const int MaxAttributeBytes = 1024;

    private static readonly CookieAttributes Default = new();

    /// <summary>RFC 6265 §4.1.1, cookie-octet.</summary>
    private static readonly SearchValues<char> ValueText =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7F - 0x21).Select(static code => (char)code).Except("\",;\\")]);

    private static readonly SearchValues<char> PathText =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x7F - 0x20).Select(static code => (char)code).Except(";")]);

    private static readonly SearchValues<char> DomainText = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    /// <summary>
    /// Sets a cookie. For values of other characters (spaces, commas, quotes, text beyond ASCII) use
    /// <see cref="Uri.EscapeDataString(string)"/> first.
    /// </summary>
    /// <param name="response">Not started.</param>
    /// <param name="name">
    /// A token. With the prefix <c>__Secure-</c> or <c>__Host-</c> the attributes must be those that it promises.
    /// </param>
    /// <param name="value">May be empty.</param>
    /// <param name="attributes">Null is: for all paths, Secure, HttpOnly, SameSite=Lax, until the browser closes.</param>
    /// <exception cref="ArgumentException">
    /// A name, value or attribute that would be broken, injected into the head, or ignored by browsers.
    /// </exception>
    public static void AppendCookie(this HttpResponse response, string name, string value, CookieAttributes? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.Headers.Append("Set-Cookie", Format(name, value, attributes ?? Default));
    }

    /// <summary>Makes the browser forget a cookie.</summary>
    /// <param name="response">Not started.</param>
    /// <param name="name">The name it was set with.</param>
    /// <param name="attributes">
    /// Path, domain and partition must be those it was set with; null is the default of <see cref="AppendCookie"/>.
    /// </param>
    /// <exception cref="ArgumentException">As for <see cref="AppendCookie"/>.</exception>
    public static void DeleteCookie(this HttpResponse response, string name, CookieAttributes? attributes = null)
    {
        CookieAttributes set = attributes ?? Default;
        response.AppendCookie(name, "", new CookieAttributes
        {
            Path = set.Path,
            Domain = set.Domain,
            Secure = set.Secure,
            HttpOnly = set.HttpOnly,
            SameSite = set.SameSite,
            Partitioned = set.Partitioned,
            MaxAge = TimeSpan.Zero,
            Expires = DateTimeOffset.UnixEpoch,
        });
    }

    /// <summary>The value of the Set-Cookie field.</summary>
    internal static string Format(string name, string value, CookieAttributes attributes)
    {
        Check(name, value, attributes);
        var text = new StringBuilder(name.Length + value.Length + 96);
        text.Append(name).Append('=').Append(value);
        if (attributes.Path is { } path)
        {
            text.Append("; Path=").Append(path);
        }

        if (attributes.Domain is { } domain)
        {
            text.Append("; Domain=").Append(domain);
        }

        if (attributes.MaxAge is { } age)
        {
            text.Append("; Max-Age=").Append(CultureInfo.InvariantCulture, $"{(long)Math.Max(0, Math.Floor(age.TotalSeconds))}");
        }

        if (attributes.Expires is { } expires)
        {
            text.Append("; Expires=").Append(expires.ToString("r", CultureInfo.InvariantCulture));
        }

        text.Append(attributes.Secure ? "; Secure" : "").Append(attributes.HttpOnly ? "; HttpOnly" : "");
        text.Append(attributes.SameSite switch
        {
            CookieSameSite.None => "; SameSite=None",
            CookieSameSite.Lax => "; SameSite=Lax",
            CookieSameSite.Strict => "; SameSite=Strict",
            _ => "",
        });
        return text.Append(attributes.Partitioned ? "; Partitioned" : "").ToString();
    }

    private static void Check(string name, string value, CookieAttributes attributes)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        Require(!name.AsSpan().ContainsAnyExcept(HttpCharacters.TokenText), nameof(name), "A cookie's name is a token.");
        ReadOnlySpan<char> bare = value.Length >= 2 && value[0] == '"' && value[^1] == '"' ? value.AsSpan(1, value.Length - 2) : value;
        Require(!bare.ContainsAnyExcept(ValueText), nameof(value), "A cookie's value is visible ASCII without quotes, commas, semicolons and backslashes.");
        Require(name.Length + value.Length <= MaxPairBytes, nameof(value), "Browsers ignore cookies of more than 4,096 bytes.");
        if (attributes.Path is { } path)
        {
            Require(path.StartsWith('/') && path.Length <= MaxAttributeBytes && !path.AsSpan().ContainsAnyExcept(PathText), nameof(attributes),
                "A cookie's path begins with a slash and holds no semicolon and no controls.");
        }

        if (attributes.Domain is { } domain)
        {
            bool isName = domain.Length is > 0 and <= MaxAttributeBytes && !domain.AsSpan().ContainsAnyExcept(DomainText);
            Require(isName, nameof(attributes), "A cookie's domain is the name of a host.");
        }

        bool isHost = name.StartsWith("__Host-", StringComparison.OrdinalIgnoreCase);
        bool needsSecure = isHost
            || name.StartsWith("__Secure-", StringComparison.OrdinalIgnoreCase)
            || attributes.SameSite == CookieSameSite.None
            || attributes.Partitioned;
        Require(attributes.Secure || !needsSecure, nameof(attributes), "Browsers ignore this cookie unless it is Secure.");
        Require(!isHost || (attributes.Path == "/" && attributes.Domain is null), nameof(attributes), "The prefix __Host- wants the path \"/\" and no domain.");
    }

    private static void Require(bool isFine, string parameter, string rule)
    {
        if (!isFine)
        {
            throw new ArgumentException(rule, parameter);
        }
    }
}
