using System.Globalization;
using Engine.Http1;

namespace StaticFiles;

/// <summary>What tells one state of a file from another (RFC 9110 §8.8), and whether a client has this one already (§13.1).</summary>
internal readonly struct Validators
{
    /// <summary>RFC 9110 §5.6.7: the form of today, and the two obsolete ones that recipients must still accept.</summary>
    private static readonly string[] DateForms = ["r", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    private readonly DateTimeOffset _modified;

    public Validators(long lengthBytes, DateTime modifiedUtc)
    {
        // RFC 9110 §8.8.2.1: never later than the response's own date.
        DateTimeOffset now = DateTimeOffset.UtcNow;
        DateTimeOffset modified = new(modifiedUtc, TimeSpan.Zero);
        modified = modified < now ? modified : now;
        _modified = modified.AddTicks(-(modified.Ticks % TimeSpan.TicksPerSecond));

        // Weak, because two writes within one tick of the file system's clock would share it.
        ETag = string.Create(CultureInfo.InvariantCulture, $"W/\"{modifiedUtc.Ticks:x}-{lengthBytes:x}\"");
    }

    public string ETag { get; }

    public string LastModified => _modified.ToString("r", CultureInfo.InvariantCulture);

    /// <summary>Whether the request's conditions say that the client has it: 304.</summary>
    public bool AreKnownTo(RequestHeaders headers)
    {
        // RFC 9110 §13.1.3: the date is not looked at when there are tags, even if none of them fits.
        if (headers.Contains("If-None-Match"))
        {
            string opaque = ETag[2..];
            return headers.GetAll("If-None-Match").Any(value => value.Trim() == "*" || Lists(value, opaque));
        }

        return headers["If-Modified-Since"] is { } since
            && DateTimeOffset.TryParseExact(since, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out DateTimeOffset date)
            && _modified <= date;
    }

    /// <summary>Whether a list of tags holds one, weak or not (the weak comparison of §8.8.3.2). Tags may hold commas: quotes bound them.</summary>
    private static bool Lists(ReadOnlySpan<char> tags, ReadOnlySpan<char> opaque)
    {
        while (true)
        {
            int begin = tags.IndexOf('"');
            int length = begin < 0 ? -1 : tags[(begin + 1)..].IndexOf('"');
            if (length < 0)
            {
                return false;
            }

            if (tags.Slice(begin, length + 2).SequenceEqual(opaque))
            {
                return true;
            }

            tags = tags[(begin + length + 2)..];
        }
    }
}
