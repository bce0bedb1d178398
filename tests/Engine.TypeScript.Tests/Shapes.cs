using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.TypeScript.Tests;

/// <summary>Every simple value once.</summary>
/// <param name="Flag">True or false.</param>
/// <param name="Serial">A number that JavaScript would round.</param>
[Message("scalars")]
internal sealed record Scalars(
    bool Flag,
    string Text,
    char Letter,
    byte Tiny,
    sbyte SignedTiny,
    short Small,
    ushort UnsignedSmall,
    int Count,
    uint UnsignedCount,
    long Serial,
    ulong UnsignedSerial,
    float Ratio,
    double Share,
    decimal Price,
    Guid Id,
    Uri Link,
    DateTime Planned,
    DateTimeOffset Sent,
    DateOnly Day,
    TimeOnly Hour,
    TimeSpan Wait,
    byte[] Picture,
    JsonElement Anything,
    Mood Mood);

/// <summary>How somebody feels.</summary>
internal enum Mood
{
    /// <summary>Not bad. */ console.log("not a comment's end")</summary>
    Good,

    [JsonStringEnumMemberName("so-so")]
    SoSo,
}

/// <summary>Null, left out, and both.</summary>
[Message("gaps")]
internal sealed record Gaps(string? Nullable, int? NullableCount, long? NullableSerial, string Named = "nobody", int Count = 5, Mood Mood = Mood.SoSo, string? Note = null)
{
    /// <summary>Left out instead of null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    public required DateTimeOffset? Read { get; init; }

    public double Weight { get; set; } = 1.5;

    [JsonPropertyName("the-kind")]
    public string Kind { get; set; } = "usual";

    [JsonIgnore]
    public string Secret { get; set; } = "secret";

    public int Twice => Count * 2;
}

/// <summary>Lists, dictionaries, generics and unions, inside one another.</summary>
[Message("nested")]
internal sealed record Nested(
    IReadOnlyList<Point> Points,
    int[]? Numbers,
    List<string?> Names,
    Dictionary<string, long> Scores,
    IReadOnlyDictionary<Mood, Point> ByMood,
    Dictionary<int, string> ByNumber,
    Page<Point> Points1,
    Page<Page<long>> Deep,
    Shape Shape,
    Shape[] Shapes,
    Tree Tree);

internal readonly record struct Point(double X, double Y);

/// <summary>A part of a list.</summary>
/// <param name="Items">The part.</param>
/// <param name="Next">Where the next part begins.</param>
/// <typeparam name="T">Of what.</typeparam>
internal sealed record Page<T>(T[] Items, long? Next, Pair<T, string>? First = null);

internal sealed record Pair<TLeft, TRight>(TLeft Left, TRight Right);

/// <summary>Something to draw.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Circle), "circle")]
[JsonDerivedType(typeof(Polygon), "polygon")]
internal abstract record Shape(Mood Mood);

internal sealed record Circle(Mood Mood, Point Centre, double Radius) : Shape(Mood);

internal sealed record Polygon(Mood Mood, Point[] Corners, DateTimeOffset Drawn) : Shape(Mood);

internal sealed class Tree
{
    public required string Name { get; init; }

    public List<Tree>? Children { get; init; }
}

[Message("empty")]
internal sealed record Empty;

/// <summary>What a request has in its body; no message.</summary>
[Contract]
internal sealed record Order(long Number, Page<Point> Path);
