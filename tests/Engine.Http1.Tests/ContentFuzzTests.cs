using System.Globalization;
using System.Text;

namespace Engine.Http1.Tests;

/// <summary>
/// Mutated forms, cookies and forwarded fields: nothing but the proper error escapes, and what is read does not depend on how the bytes came. 20,000 inputs each in the
/// suite; <c>ENGINE_FUZZ_INPUTS=1000000</c> for a long run.
/// </summary>
[Category("Pure")]
public sealed class ContentFuzzTests
{
    private static readonly string[] Forms =
    [
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; filename=\"f.txt\"; name=file\r\n\r\ntwo\r\n--b--\r\n",
        "pre\r\n--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b\r\nX: y\r\ncontent-disposition:form-data;name=\"\\\"%22\"\r\n\r\n--b-\r\n-\r\n--\r\n--b--post",
        "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--\r\n--a\r\r\n\r\n-\r\n--b--",
    ];

    private static readonly string[] Cookies =
    [
        "a=1; b=2;c=\"x y\"", ";; a = 1 ; =2; lonely; b=;c=d=e,f", "session=abc%20def; session=ghi; __Host-x=\xff\xfe", "a=1\r\nCookie: b=2; c\r\nX: d=4",
    ];

    private static readonly string[] Proxies =
    [
        "Forwarded: for=203.0.113.7;proto=https;host=example.org\r\nX-Forwarded-For: 10.0.0.1", "Forwarded: For=\"[2001:db8::1]:4711\" , for=_x;by=\"a\\\"b\"",
        "X-Forwarded-For: 1.1.1.1, [::1]:80 ,2001:db8::2\r\nX-Forwarded-Proto: https, http\r\nX-Forwarded-Host: a:1, [::1]:2",
        "X-Forwarded-For: ::ffff:1.2.3.4%1\r\nForwarded: for=1.2.3.4:_p\r\nX-Forwarded-For: ,,unknown,",
    ];

    private static int InputCount
        => int.TryParse(Environment.GetEnvironmentVariable("ENGINE_FUZZ_INPUTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 20_000;

    [Test]
    public void Mutated_forms_are_read_or_refused_the_same_however_they_come()
    {
        (int seed, Random random) = Begin();
        byte[][] seeds = [.. Forms.Select(Encoding.Latin1.GetBytes)];
        var limits = new MultipartLimits { MaxParts = 4, MaxPartBytes = 200, MaxPartHeaderBytes = 120 };
        int read = 0;
        for (int i = 0; i < InputCount; i++)
        {
            byte[] input = Mutate(seeds, random);
            string whole = Read(input, input.Length + 1, 4096, limits);
            string cut = Read(input, random.Next(1, 30), random.Next(1, 30), limits);
            Assert.That(cut, Is.EqualTo(whole), () => Describe(seed, input));
            read += whole.StartsWith('4') ? 0 : 1;
        }

        Assert.That(read, Is.InRange(InputCount / 20, InputCount - (InputCount / 20)), "a fair share of the inputs is well-formed, and a fair share is not");
    }

    [Test]
    public void Mutated_cookies_are_the_pairs_between_semicolons()
    {
        (int seed, Random random) = Begin();
        byte[][] seeds = [.. Cookies.Select(Encoding.Latin1.GetBytes)];
        for (int i = 0; i < InputCount; i++)
        {
            byte[] input = Mutate(seeds, random);
            if (!TryParse($"Cookie: {Encoding.Latin1.GetString(input)}", out HttpRequest request))
            {
                continue;
            }

            var found = new List<string>();
            foreach (RequestCookies.Pair pair in request.Cookies)
            {
                found.Add($"{Encoding.Latin1.GetString(pair.Name)}={Encoding.Latin1.GetString(pair.Value)}");
            }

            IEnumerable<string> expected =
                from value in request.Headers.GetAll("Cookie")
                from pair in value.Split(';')
                let parts = pair.Split('=', 2)
                where parts.Length == 2 && parts[0].Trim(' ', '\t').Length > 0
                select $"{parts[0].Trim(' ', '\t')}={parts[1].Trim(' ', '\t')}";
            Assert.That(found, Is.EqualTo(expected), () => Describe(seed, input));
        }
    }

    [Test]
    public void Mutated_forwarded_fields_give_nothing_but_addresses_schemes_and_hosts()
    {
        (int seed, Random random) = Begin();
        byte[][] seeds = [.. Proxies.Select(Encoding.Latin1.GetBytes)];
        for (int i = 0; i < InputCount; i++)
        {
            byte[] input = Mutate(seeds, random);
            if (!TryParse(Encoding.Latin1.GetString(input), out HttpRequest request))
            {
                continue;
            }

            int maxHops = random.Next(1, 5);
            foreach (List<ForwardedHop> hops in new[] { ForwardedHops.ReadForwarded(request.Headers, maxHops), ForwardedHops.ReadXForwarded(request.Headers, maxHops) })
            {
                Assert.That(hops, Has.Count.LessThanOrEqualTo(maxHops), () => Describe(seed, input));
                foreach (ForwardedHop hop in hops)
                {
                    Assert.That(hop.Proto, Is.Null.Or.EqualTo("http").Or.EqualTo("https"), () => Describe(seed, input));
                    Assert.That(hop.Host is null || Authority.IsValid(Encoding.Latin1.GetBytes(hop.Host)), Is.True, () => Describe(seed, input));
                    Assert.That(hop.For?.Address.IsIPv4MappedToIPv6, Is.Null.Or.False, () => Describe(seed, input));
                }

                ForwardedHeaders.Resolve(hops, []);
            }
        }
    }

    private static (int Seed, Random Random) Begin()
    {
        int seed = Environment.TickCount;
        return (seed, new Random(seed));
    }

    private static string Read(byte[] body, int piece, int taken, MultipartLimits limits)
    {
        try
        {
            return MultipartReaderTests.Read(body, piece, taken, limits);
        }
        catch (RequestBodyException exception)
        {
            return $"{exception.StatusCode}";
        }
    }

    private static bool TryParse(string fields, out HttpRequest request)
    {
        byte[] bytes = Encoding.Latin1.GetBytes($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        request = new HttpRequest();
        return request.Head.TryParse(bytes, new HttpLimits(), out HttpRejection rejection)
            && rejection == HttpRejection.None
            && request.Attach(bytes.AsSpan(0, request.Head.LengthBytes));
    }

    private static byte[] Mutate(byte[][] seeds, Random random)
    {
        var bytes = new List<byte>(seeds[random.Next(seeds.Length)]);
        for (int count = random.Next(0, 4); count > 0; count--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, " \t\r\n:;,=\"\\-b[]%_"u8[random.Next(16)]);
                    break;
                case 2 when at < bytes.Count:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(8)));
                    break;
                case 4:
                    byte[] other = seeds[random.Next(seeds.Length)];
                    int start = random.Next(other.Length);
                    bytes.InsertRange(at, other[start..random.Next(start, other.Length)]);
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(1, 40)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static string Describe(int seed, byte[] input) => $"seed {seed}, input {Convert.ToHexString(input)}";
}
