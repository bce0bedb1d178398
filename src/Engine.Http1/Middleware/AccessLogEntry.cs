using System.Globalization;
using System.Net;
using System.Text;

namespace Engine.Http1;

/// <summary>
/// One request that is over. A view: strings are made when asked for, and it is valid until the call that got it returns.
/// </summary>
public readonly ref struct AccessLogEntry
{
    internal AccessLogEntry(HttpContext context, TimeSpan duration)
    {
        Context = context;
        Duration = duration;
    }

    /// <summary>The request and its response as they ended, for what is not told here.</summary>
    public HttpContext Context { get; }

    /// <summary>From the head to the end of the response; for an upgrade until the protocol changed.</summary>
    public TimeSpan Duration { get; }

    /// <summary>The status that was sent. If <see cref="HasResponse"/> is false nothing was.</summary>
    public int StatusCode => Context.Response.StatusCode;

    /// <summary>Whether a response was begun while there was a client: not when it left before.</summary>
    public bool HasResponse => Context.Response.HasStarted && !(CloseReason == CloseReason.PeerReset && BodyBytes == 0);

    /// <summary>
    /// Bytes of the body that were handed to the connection, after compression and without chunk framing. Not counted for streams of
    /// <see cref="HttpResponse.StartStream"/>.
    /// </summary>
    public long BodyBytes => Context.Response.SentBodyBytes;

    /// <summary>Why the connection ends with this request; <see cref="CloseReason.None"/> when it goes on.</summary>
    public CloseReason CloseReason => Context.Connection.CloseReason;

    /// <summary>
    /// Returns the line of Apache's "combined" format: client, user, time (UTC), request line, status, bytes, referrer, user agent. What
    /// clients sent cannot break it: quotes, backslashes, controls and bytes beyond ASCII are escaped. The status is 499 when the client
    /// left before there was a response.
    /// </summary>
    public string ToCombinedLine() => ToCombinedLine(DateTimeOffset.UtcNow);

    internal string ToCombinedLine(DateTimeOffset now)
    {
        HttpRequest request = Context.Request;
        var line = new StringBuilder(256);
        Append(line, Context.GetClientEndPoint() switch { IPEndPoint ip => ip.Address.ToString(), null => "-", var other => other.ToString() ?? "-" });
        line.Append(" - ");
        Append(line, Context.GetUser()?.Identity?.Name is { Length: > 0 } user ? user.Replace(' ', '_') : "-");
        line.Append(CultureInfo.InvariantCulture, $" [{now.UtcDateTime:dd/MMM/yyyy:HH:mm:ss} +0000] \"");
        Append(line, Encoding.Latin1.GetString(request.RawMethod));
        line.Append(' ');
        Append(line, Encoding.Latin1.GetString(request.RawTarget));
        line.Append(CultureInfo.InvariantCulture, $" HTTP/{request.Version}\" {(HasResponse ? StatusCode : 499)} ");
        line.Append(BodyBytes == 0 ? "-" : BodyBytes.ToString(CultureInfo.InvariantCulture)).Append(" \"");
        Append(line, request.Headers["Referer"] ?? "-");
        line.Append("\" \"");
        Append(line, request.Headers["User-Agent"] ?? "-");
        return line.Append('"').ToString();
    }

    private static void Append(StringBuilder line, string text)
    {
        foreach (char character in text)
        {
            if (character is '"' or '\\')
            {
                line.Append('\\').Append(character);
            }
            else if (character is >= ' ' and < '\x7f')
            {
                line.Append(character);
            }
            else
            {
                foreach (byte value in Encoding.UTF8.GetBytes(character.ToString()))
                {
                    line.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
                }
            }
        }
    }
}
