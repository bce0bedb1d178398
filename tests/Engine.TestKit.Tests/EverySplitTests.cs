using System.Text;

namespace Engine.TestKit.Tests;

[Category("Pure")]
public sealed class EverySplitTests
{
    [Test]
    public void Answer_is_returned_when_all_cuts_agree()
    {
        string answer = EverySplit.Of("abc"u8, pieces => Encoding.ASCII.GetString(pieces.SelectMany(piece => piece).ToArray()));
        Assert.That(answer, Is.EqualTo("abc"));
    }

    [Test]
    public void Sequences_are_compared_element_by_element()
    {
        byte[] answer = EverySplit.Of("abc"u8, pieces => pieces.SelectMany(piece => piece).ToArray());
        Assert.That(answer, Is.EqualTo("abc"u8.ToArray()));
    }

    [Test]
    public void Subject_that_needs_a_pair_in_one_piece_is_caught_at_that_cut()
    {
        SplitMismatchException? mismatch = Assert.Throws<SplitMismatchException>(() =>
            EverySplit.Of("ab\r\ncd"u8, pieces => pieces.Sum(piece => piece.AsSpan().Count("\r\n"u8))));
        Assert.That(mismatch!.Message, Does.Contain("one byte at a time"));
    }

    [Test]
    public void Subject_that_throws_for_one_cut_only_is_caught()
    {
        SplitMismatchException? mismatch = Assert.Throws<SplitMismatchException>(() =>
            EverySplit.Of("abcd"u8, pieces => pieces.Count == 2 && pieces[0].Length == 3 ? throw new InvalidDataException() : 0));
        Assert.That(mismatch!.Message, Does.Contain("cut after byte 3 of 4"));
    }

    [Test]
    public void Pull_subject_is_offered_again_what_it_left()
    {
        int lines = EverySplit.OfPull<int>("one\ntwo\nthree"u8, () =>
        {
            int count = 0;
            int Feed(Span<byte> bytes)
            {
                int end = bytes.IndexOf((byte)'\n');
                count += end >= 0 ? 1 : 0;
                return end + 1;
            }

            return (Feed, () => count);
        });
        Assert.That(lines, Is.EqualTo(2));
    }
}
