using System.Text;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>The rules of a request, each whole, byte by byte and cut at every position.</summary>
public sealed class RequestHeadTests
{
    private static IEnumerable<TestCaseData> Accepted
        => RequestVectors.Accepted.Select(vector => new TestCaseData(vector.Request, vector.Body).SetName($"Accepted {Name(vector.Rule)}"));

    private static IEnumerable<TestCaseData> Refused
        => RequestVectors.Refused.Select(vector => new TestCaseData(vector.Request, vector.Status).SetName($"Refused {Name(vector.Rule)}"));

    [TestCaseSource(nameof(Accepted))]
    public void Request_is_answered_however_it_is_cut(string request, string body)
    {
        string answer = EverySplit.Of(Encoding.Latin1.GetBytes(request), pieces => Dialogue.Ask(pieces));
        string method = request.TrimStart()[..3];
        Assert.That(answer, Is.EqualTo($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), method);
    }

    [TestCaseSource(nameof(Refused))]
    public void Request_is_refused_and_the_connection_closed_however_it_is_cut(string request, int status)
    {
        string answer = EverySplit.Of(Encoding.Latin1.GetBytes(request), pieces => Dialogue.Ask(pieces));
        Assert.That(answer, Does.StartWith($"HTTP/1.1 {status} "));
        Assert.That(answer, Does.EndWith("<FIN>"));
        Assert.That(answer, Does.Contain("Connection: close\r\n"));
        Assert.That(answer.Split("HTTP/1.1 ").Length, Is.EqualTo(2), "one response");
    }

    [TestCaseSource(nameof(Refused))]
    public void A_request_smuggled_behind_a_refused_one_is_never_answered(string request, int status)
    {
        string answer = Dialogue.Ask(request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(answer, Does.StartWith($"HTTP/1.1 {status} "));
        Assert.That(answer.Split("HTTP/1.1 ").Length, Is.EqualTo(2), "one response");
        Assert.That(answer, Does.EndWith("<FIN>"));
    }

    [TestCaseSource(nameof(Accepted))]
    public void Requests_that_follow_one_another_are_answered_in_order(string request, string body)
    {
        string one = $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        Assert.That(Dialogue.Ask(request + request + request), Is.EqualTo(one + one + one));
    }

    [Test]
    public void RFC_9112_3_a_method_longer_than_any_is_not_implemented_and_a_long_target_is_too_long([Values] bool isCut)
    {
        static string Ask(string request, bool isCut)
        {
            byte[] bytes = Encoding.Latin1.GetBytes(request);
            return Dialogue.Ask(isCut ? [bytes[..5000], bytes[5000..20_000], bytes[20_000..]] : [bytes]);
        }

        string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
        Assert.That(Ask(new string('M', 100_000) + " /" + rest, isCut), Does.StartWith("HTTP/1.1 501 "));
        Assert.That(Ask(new string('(', 100_000) + " /" + rest, isCut), Does.StartWith("HTTP/1.1 400 "));
        Assert.That(Ask("GET /" + new string('a', 100_000) + rest, isCut), Does.StartWith("HTTP/1.1 414 "));
    }

    [Test]
    public void There_are_enough_vectors() => Assert.That(RequestVectors.Refused, Has.Length.GreaterThanOrEqualTo(60));

    [Test]
    public void RFC_9110_15_5_15_a_request_line_past_MaxRequestLineSize_is_answered_with_414([Values] bool isFinished)
    {
        string request = $"GET /{new string('a', 500)}";
        string answer = Dialogue.Ask(request + (isFinished ? " HTTP/1.1\r\nHost: a\r\n\r\n" : ""), configure: static options => options.Limits.MaxRequestLineSize = 200);
        Assert.That(answer, Does.StartWith("HTTP/1.1 414 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void RFC_6585_5_fields_past_MaxRequestHeadersTotalSize_are_answered_with_431([Values] bool isFinished)
    {
        string request = $"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('a', 500)}";
        string answer = Dialogue.Ask(request + (isFinished ? "\r\n\r\n" : ""), configure: static options => options.Limits.MaxRequestHeadersTotalSize = 200);
        Assert.That(answer, Does.StartWith("HTTP/1.1 431 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void RFC_6585_5_more_fields_than_MaxRequestHeaderCount_are_answered_with_431()
    {
        string fields = string.Concat(Enumerable.Range(0, 10).Select(static number => $"X{number}: 1\r\n"));
        Assert.That(Dialogue.Ask($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n", configure: static options => options.Limits.MaxRequestHeaderCount = 11), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n", configure: static options => options.Limits.MaxRequestHeaderCount = 10), Does.StartWith("HTTP/1.1 431 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void CVE_2023_43669_a_head_of_twenty_megabytes_in_tiny_reads_is_refused_at_its_limit()
    {
        var dialogue = new Dialogue();
        dialogue.Send("GET / HTTP/1.1\r\nHost: a\r\n");
        byte[] piece = Encoding.ASCII.GetBytes("X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
        string answer = "";
        int sent = 0;
        for (; sent < 20 << 20 && answer.Length == 0; sent += piece.Length)
        {
            dialogue.Send(piece);
            answer = dialogue.Take();
        }

        Assert.That(answer, Does.StartWith("HTTP/1.1 431 ").And.EndWith("<FIN>"));
        Assert.That(sent, Is.LessThan(64 << 10));
    }

    private static string Name(string rule) => rule.Replace('.', '_').Replace(',', ' ');
}
