using System.Text;
using System.Text.Json.Serialization;
using Engine.TestKit;

namespace Engine.Http1.Tests;

public sealed partial class JsonBodiesTests(TransportKind transport) : OverSockets(transport)
{
    [SetUp]
    public Task ServeAsync() => StartAsync(static server => server
        .MapPost("/twice", static async context =>
        {
            Point? point = await context.Request.ReadJsonAsync(Shapes.Default.Point, maxBytes: 1000);
            await context.Response.WriteJsonAsync(point is null ? new Point(0, 0) : new Point(point.X * 2, point.Y * 2), Shapes.Default.Point);
        })
        .MapGet("/many", static context => context.Response.WriteJsonAsync([.. Enumerable.Range(0, 20_000).Select(static i => new Point(i, i))], Shapes.Default.PointArray))
        .MapGet("/problem", static context =>
        {
            context.Response.ContentType = "application/problem+json";
            return context.Response.WriteJsonAsync(new Point(1, 2), Shapes.Default.Point);
        })
        .MapGet("/throws", static async context =>
        {
            try
            {
                await context.Response.WriteJsonAsync(new Thrower(), Shapes.Default.Thrower);
            }
            catch (InvalidOperationException)
            {
                context.Response.StatusCode = 500;
            }
        }));

    [TestCase("{\"x\":3,\"y\":4}", "{\"x\":6,\"y\":8}")]
    [TestCase(" {\"y\":4, \"x\":3, \"z\":[1,{}]} \r\n", "{\"x\":6,\"y\":8}")]
    [TestCase("null", "{\"x\":0,\"y\":0}")]
    public async Task A_value_is_read_and_another_written_with_its_length(string sent, string expected)
    {
        RawHttpResponse response = await PostAsync(sent);
        Assert.That((response.StatusCode, response.Text), Is.EqualTo((200, expected)));
        Assert.That(response["Content-Type"], Is.EqualTo("application/json"));
        Assert.That(response["Content-Length"], Is.EqualTo(expected.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("{\"x\":3,\"y\":4} {}")]
    [TestCase("{\"x\":3,\"y\":4}}")]
    [TestCase("{\"x\":\"three\",\"y\":4}")]
    [TestCase("{\"x\":1e99,\"y\":4}")]
    [TestCase("[[[[[[[[")]
    [TestCase("{\"x\":3,\"y\":4,}")]
    [TestCase("{\"x\":3,\"y\":\"\xff\xfe\"}")]
    public async Task What_is_not_that_JSON_is_400_and_no_fault_of_the_handler(string sent)
    {
        RawHttpResponse response = await PostAsync(sent);
        Assert.That((response.StatusCode, response.Text), Is.EqualTo((400, "Bad Request\n")));
    }

    [Test]
    public async Task After_bad_JSON_the_connection_goes_on()
    {
        await using RawClient client = await ConnectAsync();
        Assert.That((await client.RequestAsync(Post("{", "Content-Type: application/json\r\n"))).StatusCode, Is.EqualTo(400));
        Assert.That((await client.RequestAsync(Post("null", "Content-Type: application/json\r\n"))).StatusCode, Is.EqualTo(200));
    }

    [TestCase("application/json", 200)]
    [TestCase("Application/JSON; charset=UTF-8", 200)]
    [TestCase("application/json;charset=\"utf-8\"", 200)]
    [TestCase("application/merge-patch+json", 200)]
    [TestCase("application/json; charset=utf-16", 415)]
    [TestCase("text/plain", 415)]
    [TestCase("application/x-www-form-urlencoded", 415)]
    [TestCase("application/jsonx", 415)]
    [TestCase("", 415)]
    public async Task Only_what_is_said_to_be_JSON_in_UTF_8_is_taken_for_it(string type, int status)
        => Assert.That((await AskAsync(Post("null", type.Length == 0 ? "" : $"Content-Type: {type}\r\n"))).StatusCode, Is.EqualTo(status));

    [Test]
    public async Task A_byte_order_mark_is_skipped()
        => Assert.That((await PostAsync("\xEF\xBB\xBF{\"x\":1,\"y\":1}")).Text, Is.EqualTo("{\"x\":2,\"y\":2}"));

    [Test]
    public async Task A_body_past_the_limit_is_413_whether_its_length_is_told_or_not([Values] bool isChunked, [Values(0, 1)] int excess)
    {
        string body = "null" + new string(' ', 996 + excess);
        string request = isChunked
            ? $"POST /twice HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n"
            : Post(body, "Content-Type: application/json\r\n");
        Assert.That((await AskAsync(request)).StatusCode, Is.EqualTo(excess == 0 ? 200 : 413));
    }

    [Test]
    public async Task A_large_value_arrives_whole()
    {
        RawHttpResponse response = await GetAsync("/many");
        Point[] points = System.Text.Json.JsonSerializer.Deserialize(response.Body, Shapes.Default.PointArray)!;
        Assert.That(points.Select(static point => point.X), Is.EqualTo(Enumerable.Range(0, 20_000)));
    }

    [Test]
    public async Task A_content_type_that_was_set_stays()
        => Assert.That((await GetAsync("/problem"))["Content-Type"], Is.EqualTo("application/problem+json"));

    [Test]
    public async Task A_value_that_throws_leaves_nothing_for_the_next_response_of_its_context()
    {
        await using RawClient client = await ConnectAsync();
        Assert.That((await client.RequestAsync("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n")).StatusCode, Is.EqualTo(500));
        Assert.That((await client.RequestAsync("GET /problem HTTP/1.1\r\nHost: a\r\n\r\n")).Text, Is.EqualTo("{\"x\":1,\"y\":2}"));
    }

    private Task<RawHttpResponse> PostAsync(string body) => AskAsync(Post(body, "Content-Type: application/json\r\n"));

    private static string Post(string body, string fields) => $"POST /twice HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: {Encoding.Latin1.GetByteCount(body)}\r\n\r\n{body}";

    internal sealed record Point(int X, int Y);

    internal sealed class Thrower
    {
        public int Fine => 1;

        public int Value => throw new InvalidOperationException("a getter");
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Point))]
    [JsonSerializable(typeof(Point[]))]
    [JsonSerializable(typeof(Thrower))]
    private sealed partial class Shapes : JsonSerializerContext;
}
