using System.Text;
using System.Text.Unicode;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class Utf8RunTests
{
    private static IEnumerable<TestCaseData> Vectors()
    {
        (string Name, string Hex, bool Valid)[] vectors =
        [
            ("kosme", "CEBAE1BDB9CF83CEBCCEB5", true), ("first of each length", "00C280E0A080F0908080", true), ("last of each length", "7FDFBFEFBFBFF48FBFBF", true),
            ("around surrogates", "ED9FBFEE8080EFBFBD", true), ("noncharacters", "EFBFBEF09FBFBF", true), ("above 10FFFF", "F4908080", false),
            ("lone continuation", "80", false), ("overlong slash 2", "C0AF", false), ("overlong slash 3", "E080AF", false), ("overlong slash 4", "F08080AF", false),
            ("surrogate", "EDA080", false), ("surrogate pair", "EDA080EDB080", false), ("fe", "FE", false), ("ff", "FF", false), ("five bytes", "F888808080", false),
            ("lead then ascii", "C361", false), ("unfinished 3 then ascii", "E1BD61", false), ("Autobahn 6.4.1", "CEBAE1BDB9CF83CEBCCEB5F4908080656469746564", false),
        ];
        return vectors.Select(vector => new TestCaseData(Convert.FromHexString(vector.Hex), vector.Valid).SetName($"Vector {vector.Name}"));
    }

    [TestCaseSource(nameof(Vectors))]
    public void Verdict_is_the_same_however_the_text_is_cut(byte[] text, bool valid)
    {
        Assert.That(EverySplit.Of(text, Check), Is.EqualTo(valid));

        // Behind a long run of ASCII too, where the vectorised path ends.
        byte[] behind = [.. Encoding.ASCII.GetBytes(new string('a', 70)), .. text, (byte)'z'];
        Assert.That(EverySplit.Of(behind, Check), Is.EqualTo(valid));
    }

    [TestCase("F490", 2)]
    [TestCase("EDA0", 2)]
    [TestCase("E080", 2)]
    [TestCase("F080", 2)]
    [TestCase("C0", 1)]
    [TestCase("F5", 1)]
    [TestCase("6161F490", 4)]
    public void Text_fails_with_the_first_byte_that_cannot_be(string hex, int bad)
    {
        byte[] text = Convert.FromHexString(hex);
        var run = new Utf8Run();
        for (int i = 0; i < text.Length; i++)
        {
            Assert.That(run.TryAppend(text.AsSpan(i, 1)), Is.EqualTo(i != bad - 1), $"byte {i}");
        }

        Assert.That(new Utf8Run().TryAppend(text), Is.False, "whole");
    }

    [Test]
    public void Every_code_point_is_complete_with_its_last_byte_only()
    {
        for (int value = 0; value <= 0x10FFFF; value += value < 0x3000 || value > 0x10F000 ? 1 : 97)
        {
            if (value is >= 0xD800 and <= 0xDFFF)
            {
                continue;
            }

            byte[] bytes = Encoding.UTF8.GetBytes(char.ConvertFromUtf32(value));
            var run = new Utf8Run();
            for (int i = 0; i < bytes.Length; i++)
            {
                bool taken = run.TryAppend(bytes.AsSpan(i, 1));
                if (!taken || run.IsComplete != (i == bytes.Length - 1))
                {
                    Assert.Fail($"U+{value:X} at byte {i}");
                }
            }
        }
    }

    [Test]
    public void Random_bytes_get_the_verdict_of_the_framework_however_cut()
    {
        var random = new Random(7);
        byte[] alphabet = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5];
        for (int i = 0; i < 30_000; i++)
        {
            byte[] text = new byte[random.Next(1, 9)];
            for (int k = 0; k < text.Length; k++)
            {
                text[k] = alphabet[random.Next(alphabet.Length)];
            }

            int cut = random.Next(text.Length);
            bool actual = Check([text[..cut], text[cut..]]);
            if (actual != Utf8.IsValid(text))
            {
                Assert.Fail(Convert.ToHexString(text) + " cut at " + cut);
            }
        }
    }

    private static bool Check(IReadOnlyList<byte[]> pieces)
    {
        var run = new Utf8Run();
        foreach (byte[] piece in pieces)
        {
            if (!run.TryAppend(piece))
            {
                return false;
            }
        }

        return run.IsComplete;
    }
}
