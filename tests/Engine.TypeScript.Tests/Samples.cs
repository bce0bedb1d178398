using System.Text.Json;

namespace Engine.TypeScript.Tests;

/// <summary>A message of each shape, with values at the ends of what they may be.</summary>
internal static class Samples
{
    private static readonly DateTimeOffset Moment = new(2030, 1, 31, 23, 59, 58, 123, TimeSpan.Zero);

    public static string Scalars { get; } = JsonSerializer.Serialize(
        new Scalars(
            true, "quoted \" and \u2028 and \ud83d\ude00", 'x', 255, -128, short.MinValue, ushort.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, ulong.MaxValue, 1.5f, 0.1, 79228162514264337593543950335m,
            new Guid("01234567-89ab-cdef-0123-456789abcdef"), new Uri("https://example.org/a?b=c"), Moment.UtcDateTime, Moment, new DateOnly(2030, 1, 31), new TimeOnly(1, 2, 3), new TimeSpan(1, 2, 3, 4),
            [0, 255, 1], JsonDocument.Parse("{\"a\":[1,null]}").RootElement, Mood.Good),
        ContractJson.Scalars);

    public static string Gaps { get; } = JsonSerializer.Serialize(new Gaps(null, null, long.MinValue) { Read = Moment }, ContractJson.Gaps);

    public static string Nested { get; } = JsonSerializer.Serialize(
        new Nested(
            [new Point(1, 2), new Point(-0.5, 1e300)], [1, 2, 3], ["a", null], new() { ["a b"] = 9007199254740993, ["__proto"] = -1 }, new Dictionary<Mood, Point> { [Mood.SoSo] = new(0, 0) }, new() { [7] = "seven" },
            new Page<Point>([new Point(3, 4)], null, new Pair<Point, string>(new Point(5, 6), "right")), new Page<Page<long>>([new Page<long>([1, long.MaxValue], 5)], 6),
            new Circle(Mood.Good, new Point(0, 0), 2), [new Polygon(Mood.SoSo, [new Point(0, 1)], Moment), new Circle(Mood.Good, new Point(0, 0), 1)],
            new Tree { Name = "root", Children = [new Tree { Name = "leaf" }] }),
        ContractJson.Nested);

    public static string Empty { get; } = JsonSerializer.Serialize(new Empty(), ContractJson.Empty);

    public static IReadOnlyList<string> All { get; } = [Scalars, Gaps, Nested, Empty];
}
