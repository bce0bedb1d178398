using System.Text;

namespace Engine.Tests;

[Category("Pure")]
public sealed class RemainderTests
{
    [Test]
    public void Bytes_are_kept_behind_one_another_and_consumed_from_the_front()
    {
        var remainder = default(Remainder);
        remainder.Keep("abc"u8);
        remainder.Keep("def"u8);
        remainder.Consume(0);
        remainder.Consume(2);
        Assert.That(Encoding.ASCII.GetString(remainder.Bytes), Is.EqualTo("cdef"));
        remainder.Keep(new byte[100_000]);
        Assert.That((remainder.LengthBytes, remainder.Bytes[0]), Is.EqualTo((100_004, (byte)'c')));
    }

    [Test]
    public void The_array_is_given_back_once()
    {
        var remainder = default(Remainder);
        Assert.That((remainder.IsRented, remainder.Return()), Is.EqualTo((false, false)));
        remainder.Keep("abc"u8);
        Assert.That((remainder.IsRented, remainder.Return(), remainder.Return(), remainder.IsEmpty), Is.EqualTo((true, true, false, true)));
    }
}
