using System.Globalization;
using System.Net;

namespace Engine.Sse.Tests;

[Category("Pure")]
public sealed class EventStreamResponseTests
{
    [TestCase("text/event-stream", true)]
    [TestCase("Text/Event-Stream; charset=UTF-8", true)]
    [TestCase("TEXT/EVENT-STREAM;", true)]
    [TestCase("text/event-stream ; a=b", true)]
    [TestCase("text/event-stream;bogus", true)]
    [TestCase("text/event-streams", false)]
    [TestCase("text/event-stream, text/plain", false)]
    [TestCase("text/plain;text/event-stream", false)]
    [TestCase("", false)]
    [TestCase(null, false)]
    public void Media_types_are_compared_by_their_essence(string? type, bool isStream)
    {
        using var content = new ByteArrayContent([]);
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        Assert.That(EventStreamResponse.IsEventStream(content), Is.EqualTo(isStream));
    }

    [TestCase("7", 7)]
    [TestCase("Sun, 06 Nov 1994 08:49:37 GMT", 0, Description = "long ago")]
    [TestCase("soon", null)]
    [TestCase(null, null)]
    public void Retry_after_is_seconds_or_a_date(string? field, int? seconds)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.TryAddWithoutValidation("Retry-After", field);
        Assert.That(EventStreamResponse.RetryAfter(response)?.TotalSeconds, Is.EqualTo(seconds));
    }

    [Test]
    public void A_date_counts_from_the_servers_own()
    {
        // The server's clock is years behind.
        var now = DateTimeOffset.Parse("2001-02-03T04:05:06Z", CultureInfo.InvariantCulture);
        using var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.Date = now;
        response.Headers.TryAddWithoutValidation("Retry-After", now.AddSeconds(90).ToString("r", CultureInfo.InvariantCulture));
        Assert.That(EventStreamResponse.RetryAfter(response), Is.EqualTo(TimeSpan.FromSeconds(90)));
    }

    [TestCase(HttpStatusCode.TooManyRequests, true)]
    [TestCase(HttpStatusCode.BadGateway, true)]
    [TestCase(HttpStatusCode.NotFound, false)]
    [TestCase(HttpStatusCode.Found, false)]
    public void Busy_and_failing_servers_are_asked_again(HttpStatusCode status, bool isTemporary)
        => Assert.That(EventStreamResponse.IsTemporary(status), Is.EqualTo(isTemporary));
}
