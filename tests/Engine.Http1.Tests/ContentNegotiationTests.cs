using System.Text;

namespace Engine.Http1.Tests;

[Category("Pure")]
public sealed class ContentNegotiationTests
{
    [TestCase("gzip, deflate, br", ContentCodings.Brotli)]
    [TestCase("gzip", ContentCodings.Gzip)]
    [TestCase("X-GZIP;q=0.001", ContentCodings.Gzip)]
    [TestCase("br;q=0.8, gzip;q=0.9", ContentCodings.Gzip)]
    [TestCase("br ; Q = 0.8 ,gzip;q=0.8", ContentCodings.Brotli)]
    [TestCase("*", ContentCodings.Brotli)]
    [TestCase("*;q=0", ContentCodings.None)]
    [TestCase("br;q=0, gzip;q=0.000", ContentCodings.None)]
    [TestCase("identity;q=1, gzip;q=0.5", ContentCodings.None)]
    [TestCase("identity;q=0.5, gzip;q=0.5", ContentCodings.Gzip)]
    [TestCase("identity;q=0, gzip;q=0.1", ContentCodings.Gzip)]
    [TestCase("", ContentCodings.None)]
    [TestCase("zstd, deflate", ContentCodings.None)]
    [TestCase("gzip;q=2", ContentCodings.None)]
    [TestCase("gzip;q=1.5", ContentCodings.None)]
    [TestCase("gzip;q=-1", ContentCodings.None)]
    [TestCase("gzip;q=0.1234", ContentCodings.None)]
    [TestCase("gzip;q=", ContentCodings.None)]
    [TestCase("gzip;;q=1", ContentCodings.Gzip)]
    [TestCase(",,gzip,,", ContentCodings.Gzip)]
    [TestCase("gzipx, xbr", ContentCodings.None)]
    public void RFC_9110_12_5_3_the_coding_with_the_greatest_weight_is_chosen(string field, ContentCodings expected)
    {
        var weights = new ContentNegotiation.Weights();
        weights.Read(Encoding.Latin1.GetBytes(field));
        Assert.That(weights.Choose(ContentCodings.Gzip | ContentCodings.Brotli), Is.EqualTo(expected));
        Assert.That(weights.Choose(ContentCodings.None), Is.EqualTo(ContentCodings.None));
    }
}
