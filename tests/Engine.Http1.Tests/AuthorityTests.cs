using System.Text;
using System.Text.RegularExpressions;

namespace Engine.Http1.Tests;

/// <summary>Hosts and ports by the grammar of RFC 3986, held against a second reading of it: its ABNF as a regular expression.</summary>
public sealed partial class AuthorityTests
{
    private const string Octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Ipv4 = $@"{Octet}(?:\.{Octet}){{3}}";
    private const string H16 = "[0-9A-Fa-f]{1,4}";
    private const string Ls32 = $"(?:{H16}:{H16}|{Ipv4})";

    private const string Ipv6 = $"(?:(?:{H16}:){{6}}{Ls32}|::(?:{H16}:){{5}}{Ls32}|(?:{H16})?::(?:{H16}:){{4}}{Ls32}"
        + $"|(?:(?:{H16}:){{0,1}}{H16})?::(?:{H16}:){{3}}{Ls32}|(?:(?:{H16}:){{0,2}}{H16})?::(?:{H16}:){{2}}{Ls32}"
        + $"|(?:(?:{H16}:){{0,3}}{H16})?::{H16}:{Ls32}|(?:(?:{H16}:){{0,4}}{H16})?::{Ls32}"
        + $"|(?:(?:{H16}:){{0,5}}{H16})?::{H16}|(?:(?:{H16}:){{0,6}}{H16})?::)";

    private static readonly string[] Valid =
    [
        "a", "A.b-c_d~e", "a:", "a:80", "a:0", "a:65535", "a:0080", "127.0.0.1:8080", "999.1.1.1", "a,b;c=d", "it's", "*.example.com", "a.b.", "%41b", "%C3%bc",
        "[::1]", "[::]", "[::1]:80", "[1:2:3:4:5:6:7:8]", "[1::8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]:443",
        "[v1.a]", "[vF0.a:b!$]:1", "[V7.x]",
    ];

    private static readonly string[] Invalid =
    [
        "", ":", ":80", "a:80x", "a:80 b", "a:b:c", "a:-1", "a:65536", "a:99999", "a:00065536", "a:12345678", "a:+1", "u@a", "a/b", "a?b", "a#b", "a b", "a\tb", "a\\b", "a\"b", "a<b", "a|b", "a^b", "a`b", "a{b}",
        "%zz", "%4", "%", "a%0", "\u00e9", "a\0", "a%",
        "[", "]", "[]", "[::1", "::1", "[::1]x", "[::1]:99999", "[::1]]", "]]][[[", "[a", "[::1]:80x", "[1:2:3]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[1::2::3]", "[:::]", "[:1]", "[1:]", "[12345::]", "[g::]",
        "[::1.2.3]", "[::1.2.3.256]", "[::01.2.3.4]", "[1.2.3.4::]", "[::1.2.3.4:5]", "[::1%25eth0]", "[fe80::1%eth0]", "[v.a]", "[v1.]", "[v1]", "[vg.a]", "[v1.a/b]", "[ ::1]",
    ];

    private static int InputCount => int.TryParse(Environment.GetEnvironmentVariable("ENGINE_FUZZ_INPUTS"), out int count) ? count : 100_000;

    [TestCaseSource(nameof(Valid))]
    public void RFC_3986_3_2_a_valid_host_is_taken_in_Host_and_in_the_absolute_form(string host)
    {
        Assert.That(Authority.IsValid(Encoding.Latin1.GetBytes(host)), Is.True);
        Assert.That(Dialogue.Ask($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask($"GET http://{host}/x HTTP/1.1\r\nHost: a\r\n\r\n"), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask($"GET https://{host}?x HTTP/1.1\r\nHost: a\r\n\r\n"), Does.StartWith("HTTP/1.1 200 "));
    }

    [TestCaseSource(nameof(Invalid))]
    public void RFC_9112_3_2_an_invalid_host_is_refused_in_Host_and_in_the_absolute_form_and_in_CONNECT(string host)
    {
        Assert.That(Authority.IsValid(Encoding.Latin1.GetBytes(host)), Is.False);
        Assert.That(Dialogue.Ask($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), Does.StartWith("HTTP/1.1 400 "));
        Assert.That(Dialogue.Ask($"CONNECT {host} HTTP/1.1\r\nHost: a\r\n\r\n"), Does.StartWith("HTTP/1.1 400 "));
        if (host.AsSpan().IndexOfAny("/?\t ") < 0)
        {
            Assert.That(Dialogue.Ask($"GET http://{host}/ HTTP/1.1\r\nHost: a\r\n\r\n"), Does.StartWith("HTTP/1.1 400 "));
        }
    }

    [Test]
    public void RFC_9112_3_2_3_CONNECT_names_a_port([Values("a", "a:", "[::1]")] string target)
        => Assert.That(Dialogue.Ask($"CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n"), Does.StartWith("HTTP/1.1 400 "));

    [Test]
    public void RFC_9112_3_2_2_the_host_of_an_absolute_target_takes_the_place_of_the_Host_field()
    {
        string answer = Dialogue.Ask(
            "GET http://b.example:81/x HTTP/1.1\r\nHost: a\r\n\r\n",
            static server => server.MapGet("/x", static context => context.Response.WriteAsync(context.Request.Headers["Host"]!)));
        Assert.That(answer, Does.EndWith("\r\n\r\nb.example:81"));
    }

    [Test]
    public void Mutated_hosts_are_judged_as_the_ABNF_does()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        string[] seeds = [.. Valid, .. Invalid];
        for (int i = 0; i < InputCount; i++)
        {
            string input = Mutate(seeds[random.Next(seeds.Length)], seeds, random);
            Assert.That(Authority.IsValid(Encoding.Latin1.GetBytes(input)), Is.EqualTo(IsValidByAbnf(input)), () => $"seed {seed}, input <{input}>");
        }
    }

    internal static string Mutate(string original, string[] seeds, Random random)
    {
        var text = new StringBuilder(original);
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int at = random.Next(text.Length + 1);
            switch (random.Next(5))
            {
                case 0 when at < text.Length:
                    text[at] = (char)random.Next(256);
                    break;
                case 1 when at < text.Length:
                    text.Remove(at, random.Next(1, text.Length - at + 1));
                    break;
                case 2:
                    string other = seeds[random.Next(seeds.Length)];
                    int start = random.Next(other.Length + 1);
                    text.Insert(at, other[start..random.Next(start, other.Length + 1)]);
                    break;
                case 3 when at < text.Length:
                    text.Insert(at, text[at]);
                    break;
                default:
                    text.Insert(at, "[]:%.0af9;=\" \t\\\r\nv"[random.Next(18)]);
                    break;
            }
        }

        return text.ToString();
    }

    private static bool IsValidByAbnf(string text)
    {
        Match match = Abnf().Match(text);
        return match.Success && (match.Groups["port"].Length == 0 || System.Numerics.BigInteger.Parse(match.Groups["port"].ValueSpan) <= 65_535);
    }

    [GeneratedRegex($@"\A(?:\[(?:{Ipv6}|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{{2}})+)(?::(?<port>[0-9]*))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Abnf();
}
