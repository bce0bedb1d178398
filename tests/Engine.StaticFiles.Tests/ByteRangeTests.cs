using System.Text;

namespace Engine.StaticFiles.Tests;

[Category("Pure")]
public sealed class ByteRangeTests
{
    [TestCase("bytes=0-0", "0-0")]
    [TestCase("bytes=0-", "0-99")]
    [TestCase("Bytes = 1-2", null)]
    [TestCase("BYTES=10-19", "10-19")]
    [TestCase("bytes=90-1000", "90-99")]
    [TestCase("bytes=-10", "90-99")]
    [TestCase("bytes=-1000", "0-99")]
    [TestCase("bytes= 0-1 , ,5-6,\t-1,", "0-1,5-6,99-99")]
    [TestCase("bytes=50-51,0-1", "50-51,0-1")]
    [TestCase("bytes=0-1,200-300", "0-1")]
    [TestCase("bytes=99999999999999999999999-", "416")]
    [TestCase("bytes=0-99999999999999999999999", "0-99")]
    [TestCase("bytes=100-", "416")]
    [TestCase("bytes=-0", "416")]
    [TestCase("bytes=100-200,300-400", "416")]
    [TestCase("bytes=", null)]
    [TestCase("bytes=,", null)]
    [TestCase("bytes=-", null)]
    [TestCase("bytes=5-4", null)]
    [TestCase("bytes=a-b", null)]
    [TestCase("bytes=0x1-5", null)]
    [TestCase("bytes=+1-5", null)]
    [TestCase("bytes=1 -5", null)]
    [TestCase("bytes=1--5", null)]
    [TestCase("bytes=1", null)]
    [TestCase("items=0-1", null)]
    [TestCase("bytes=0-1,x", null)]
    [TestCase("bytes=0-1,0-1,0-1,0-1", "0-1,0-1,0-1,0-1")]
    [TestCase("bytes=0-1,0-1,0-1,0-1,0-1", null)]
    [TestCase("bytes=0-60,0-60", null)]
    public void RFC_9110_14_1_2_what_a_range_field_asks_for(string field, string? expected)
    {
        var ranges = new List<ByteRange>();
        RangeVerdict verdict = ByteRanges.Parse(Encoding.Latin1.GetBytes(field), 100, maxRanges: 4, ranges);
        string? found = verdict switch
        {
            RangeVerdict.Ignored => null,
            RangeVerdict.Unsatisfiable => "416",
            _ => string.Join(',', ranges.Select(static range => $"{range.First}-{range.Last}")),
        };
        Assert.That(found, Is.EqualTo(expected));
    }

    [TestCase("bytes=0-")]
    [TestCase("bytes=-5")]
    public void An_empty_file_has_no_range(string field)
        => Assert.That(ByteRanges.Parse(Encoding.Latin1.GetBytes(field), 0, 4, []), Is.EqualTo(RangeVerdict.Unsatisfiable));
}
