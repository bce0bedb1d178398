using System.Collections.Frozen;
using System.Globalization;

namespace Engine.Http1;

/// <summary>Lets pages of other origins read responses, by a policy.</summary>
public static class Cors
{
    /// <summary>
    /// Makes middleware that answers preflights and adds what browsers want to see. Add it to the server, before what may refuse a request:
    /// preflights carry no credentials, and have no route. A preflight of an origin that is not allowed gets 403; other requests of it are
    /// handled, but no page can read the response.
    /// </summary>
    /// <exception cref="ArgumentException">Credentials together with all origins, or an origin, method or field that is none.</exception>
    public static HttpMiddleware Create(CorsPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return new CorsRules(policy).RunAsync;
    }
}

/// <summary>A policy as requests meet it. Immutable.</summary>
internal sealed class CorsRules
{
    private readonly FrozenSet<string> _origins;
    private readonly Func<string, bool>? _allowOrigin;
    private readonly Func<HttpContext, bool>? _appliesTo;
    private readonly bool _anyOrigin;
    private readonly bool _credentials;
    private readonly string? _methods;
    private readonly string? _headers;
    private readonly string? _exposed;
    private readonly string? _maxAge;

    public CorsRules(CorsPolicy policy)
    {
        foreach (string origin in policy.Origins)
        {
            Require(IsOrigin(origin), nameof(policy), $"No origin as browsers write it: {origin}");
        }

        foreach (string word in policy.Methods.Concat(policy.Headers).Concat(policy.ExposedHeaders))
        {
            Require(word.Length > 0 && !word.AsSpan().ContainsAnyExcept(HttpCharacters.TokenText), nameof(policy), $"Methods and field names are tokens: {word}");
        }

        _anyOrigin = policy.Origins.Contains("*");
        Require(!(_anyOrigin && policy.AllowCredentials), nameof(policy), "Credentials want origins by name.");
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.PreflightMaxAge, TimeSpan.Zero, nameof(policy));
        _origins = policy.Origins.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _allowOrigin = policy.AllowOrigin;
        _appliesTo = policy.AppliesTo;
        _credentials = policy.AllowCredentials;

        // The star means itself in requests with credentials, so that what is asked for is repeated instead (Fetch, "CORS-preflight fetch").
        _methods = policy.Methods.Contains("*") ? null : string.Join(", ", policy.Methods);
        _headers = policy.Headers.Contains("*") ? null : string.Join(", ", policy.Headers);
        _exposed = policy.ExposedHeaders.Count == 0 ? null : string.Join(", ", policy.ExposedHeaders);
        _maxAge = policy.PreflightMaxAge == TimeSpan.Zero ? null : ((long)policy.PreflightMaxAge.TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    public ValueTask RunAsync(HttpContext context, HttpHandler next)
    {
        if (_appliesTo is not null && !_appliesTo(context))
        {
            return next(context);
        }

        HttpRequest request = context.Request;
        ResponseHeaders fields = context.Response.Headers;
        string? asked = request.Headers["Access-Control-Request-Method"];
        string? origin = request.Headers["Origin"];
        if (!_anyOrigin)
        {
            // Also without an origin: a cache must not give that response to a page.
            fields.Append("Vary", "Origin");
        }

        bool isAllowed = origin is not null && IsAllowed(origin);
        if (isAllowed)
        {
            fields.Set("Access-Control-Allow-Origin", _anyOrigin ? "*" : origin!);
            if (_credentials)
            {
                fields.Set("Access-Control-Allow-Credentials", "true");
            }
        }

        if (origin is not null && asked is not null && request.RawMethod.SequenceEqual("OPTIONS"u8))
        {
            return Preflight(context, asked, isAllowed);
        }

        if (isAllowed && _exposed is not null)
        {
            fields.Set("Access-Control-Expose-Headers", _exposed);
        }

        return next(context);
    }

    private ValueTask Preflight(HttpContext context, string asked, bool isAllowed)
    {
        ResponseHeaders fields = context.Response.Headers;
        fields.Append("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers");
        if (!isAllowed)
        {
            context.Response.StatusCode = 403;
            return context.Response.WriteAsync("This origin is not allowed.\n");
        }

        string? askedHeaders = context.Request.Headers["Access-Control-Request-Headers"];
        SetIfToken(fields, "Access-Control-Allow-Methods", _methods ?? asked);
        SetIfToken(fields, "Access-Control-Allow-Headers", _headers ?? askedHeaders);
        if (_maxAge is not null)
        {
            fields.Set("Access-Control-Max-Age", _maxAge);
        }

        context.Response.StatusCode = 204;
        return default;
    }

    private bool IsAllowed(string origin) => _anyOrigin || _origins.Contains(origin) || _allowOrigin?.Invoke(origin) == true;

    /// <summary>What a client said is repeated only if it is a list of tokens.</summary>
    private static void SetIfToken(ResponseHeaders fields, string name, string? list)
    {
        if (string.IsNullOrEmpty(list))
        {
            return;
        }

        foreach (Range range in list.AsSpan().Split(','))
        {
            ReadOnlySpan<char> token = list.AsSpan(range).Trim(" \t");
            if (token.IsEmpty || token.ContainsAnyExcept(HttpCharacters.TokenText))
            {
                return;
            }
        }

        fields.Set(name, list);
    }

    private static bool IsOrigin(string origin)
        => origin is "*" or "null"
            || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
                && uri.GetLeftPart(UriPartial.Authority).Equals(origin, StringComparison.OrdinalIgnoreCase)
                && uri.UserInfo.Length == 0);

    private static void Require(bool isFine, string parameter, string rule)
    {
        if (!isFine)
        {
            throw new ArgumentException(rule, parameter);
        }
    }
}
