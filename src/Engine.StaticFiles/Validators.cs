using System.Globalization;
using Engine.Http1;

namespace Engine.StaticFiles;

/// <summary>What the conditions of a request decide (RFC 9110 §13.2.2).</summary>
internal enum ConditionVerdict : byte
{
    /// <summary>The file is sent.</summary>
    Send = 0,

    /// <summary>The client has it: 304.</summary>
    Known = 1,

    /// <summary>It is not the state that the client means: 412.</summary>
    Failed = 2,
}

/// <summary>What tells one state of a file from another (RFC 9110 §8.8), and what the conditions of a request make of it (§13).</summary>
internal readonly struct Validators
{
    /// <summary>RFC 9110 §5.6.7: the form of today, and the two obsolete ones that recipients must still accept.</summary>
    private static readonly string[] DateForms = ["r", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    /// <summary>
    /// A file may be written twice within one tick of its file system's clock. After this time a second write has another stamp than the
    /// first.
    /// </summary>
    private static readonly TimeSpan StampSettles = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _modified;
    private readonly bool _isDateStrong;

    /// <param name="lengthBytes">Of what is sent.</param>
    /// <param name="modifiedUtc">When it was written last.</param>
    /// <param name="variant">Tells the codings of one file apart.</param>
    /// <param name="now">The time of the response.</param>
    public Validators(long lengthBytes, DateTime modifiedUtc, string variant, DateTimeOffset now)
    {
        // RFC 9110 §8.8.2.1: never later than the response's own date.
        DateTimeOffset modified = new(modifiedUtc, TimeSpan.Zero);
        bool isSettled = now - modified > StampSettles;
        modified = modified < now ? modified : now;
        _modified = modified.AddTicks(-(modified.Ticks % TimeSpan.TicksPerSecond));

        // RFC 9110 §8.8.2.2: a date is a strong validator when it is a minute older than the response.
        _isDateStrong = now - _modified >= TimeSpan.FromMinutes(1);
        ETag = string.Create(CultureInfo.InvariantCulture, $"{(isSettled ? "" : "W/")}\"{modifiedUtc.Ticks:x}-{lengthBytes:x}{variant}\"");
    }

    /// <summary>Strong once the file's time stamp has settled, weak before.</summary>
    public string ETag { get; }

    public string LastModified => _modified.ToString("r", CultureInfo.InvariantCulture);

    private bool IsStrong => ETag[0] == '"';

    /// <summary>The conditions of a GET or HEAD, in the order of §13.2.2.</summary>
    public ConditionVerdict Judge(RequestHeaders headers)
    {
        if (headers.Contains("If-Match"))
        {
            if (!Lists(headers, "If-Match", isStrong: true))
            {
                return ConditionVerdict.Failed;
            }
        }
        else if (TryReadDate(headers["If-Unmodified-Since"], out DateTimeOffset unmodified) && _modified > unmodified)
        {
            return ConditionVerdict.Failed;
        }

        // RFC 9110 §13.1.3: the date is not looked at when there are tags, even if none of them fits.
        if (headers.Contains("If-None-Match"))
        {
            return Lists(headers, "If-None-Match", isStrong: false) ? ConditionVerdict.Known : ConditionVerdict.Send;
        }

        return TryReadDate(headers["If-Modified-Since"], out DateTimeOffset since) && _modified <= since ? ConditionVerdict.Known : ConditionVerdict.Send;
    }

    /// <summary>Whether the ranges that are asked for are those of this state (RFC 9110 §13.1.5): only what is strong can say so.</summary>
    public bool AllowRanges(RequestHeaders headers)
    {
        if (headers["If-Range"] is not { } condition)
        {
            return true;
        }

        condition = condition.Trim();
        return condition.Contains('"', StringComparison.Ordinal)
            ? IsStrong && condition == ETag
            : _isDateStrong && TryReadDate(condition, out DateTimeOffset date) && date == _modified;
    }

    private static bool TryReadDate(string? text, out DateTimeOffset date)
    {
        date = default;
        return text is not null
            && DateTimeOffset.TryParseExact(text, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out date);
    }

    private bool Lists(RequestHeaders headers, string name, bool isStrong)
    {
        foreach (string value in headers.GetAll(name))
        {
            if (value.Trim() == "*" || Lists(value, isStrong))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a list of tags holds this one, by the strong or the weak comparison of §8.8.3.2. Tags may hold commas: quotes bound them.
    /// </summary>
    private bool Lists(ReadOnlySpan<char> tags, bool isStrong)
    {
        ReadOnlySpan<char> opaque = ETag.AsSpan(IsStrong ? 0 : 2);
        while (true)
        {
            int begin = tags.IndexOf('"');
            int length = begin < 0 ? -1 : tags[(begin + 1)..].IndexOf('"');
            if (length < 0)
            {
                return false;
            }

            bool isWeak = !IsStrong || tags[..begin].EndsWith("W/", StringComparison.Ordinal);
            if (tags.Slice(begin, length + 2).SequenceEqual(opaque) && !(isStrong && isWeak))
            {
                return true;
            }

            tags = tags[(begin + length + 2)..];
        }
    }
}
