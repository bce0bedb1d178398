using System.Text;
using Engine.Sse;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Interop.Tests;

/// <summary>Events made of what is awkward in the format, and what a browser must make of them (WHATWG HTML 9.2.6).</summary>
internal static class GeneratedEvents
{
    private static readonly string[] Pieces =
    [
        "\n", "\r", "\r\n", "\n\n", "\r\r", "\n\r", " ", "  ", ":", "data", "data: x", "event: forged", "id: forged", "retry: 1", ": comment", "a", "\t", "é", "€", "😀", "\u2028", "\u0085", "\f",
        "\0", "\ufeff", "\ufffe", "\ud83d", "{\"json\":[1,2]}", "long long long long long long line",
    ];

    private static readonly string[] Names = ["add", "message", "", " leading", "a:b", ":", "data", "naïve 😀", "trailing "];

    /// <summary>All that a listener may be called for.</summary>
    public static string[] Types => [.. Names.Where(static name => name.Length > 0)];

    public static IReadOnlyList<SseEvent> Create(ulong seed, int count)
    {
        Gen<string> text = Gen.OneOf(
            Gen.ArrayOf(Gen.Elements(Pieces)).Select(string.Concat),
            ArbMap.Default.GeneratorFor<string?>().Select(static any => any ?? ""));
        Gen<string?> id = Gen.OneOf(Gen.Constant<string?>(null), text.Select(static any => (string?)Whole(new string([.. any.Where(static one => one == '\t' || one is >= ' ' and not '\x7f')]).Trim(' ', '\t'))));
        Gen<SseEvent> item =
            from data in Gen.Frequency((9, text.Select(static any => (string?)any)), (1, Gen.Constant<string?>(null)))
            from isUtf8 in Gen.Elements(true, false)
            from type in Gen.Frequency((1, Gen.Constant<string?>(null)), (2, Gen.Elements(Names).Select(static name => (string?)name)))
            from ownId in id
            from comment in Gen.Frequency((3, Gen.Constant<string?>(null)), (1, text.Select(static any => (string?)any)))
            from retry in Gen.Elements<TimeSpan?>(null, TimeSpan.FromSeconds(60))
            select new SseEvent(isUtf8 && data is { Length: > 0 } ? null : data)
            {
                Utf8Data = isUtf8 && data is { Length: > 0 } ? Encoding.UTF8.GetBytes(data) : default,
                EventType = type,
                Id = ownId,
                Comment = comment,
                ReconnectionInterval = retry,
            };
        return item.Sample(count, new Rnd(seed), 12);
    }

    /// <summary>Type, data and last id of each event that reaches a listener.</summary>
    public static IEnumerable<string[]> AsSeen(IEnumerable<SseEvent> events)
    {
        string lastId = "";
        foreach (SseEvent item in events)
        {
            // An id counts even where there is no data to dispatch.
            lastId = item.Id is { } id ? Whole(id) : lastId;
            string? data = item.Utf8Data.IsEmpty ? item.Data : Encoding.UTF8.GetString(item.Utf8Data.Span);
            if (data is not null)
            {
                yield return [item.EventType is { Length: > 0 } type ? type : "message", Whole(data).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'), lastId];
            }
        }
    }

    /// <summary>What UTF-8 makes of a half of a surrogate pair.</summary>
    private static string Whole(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
