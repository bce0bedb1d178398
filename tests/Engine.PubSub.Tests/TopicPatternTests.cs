namespace Engine.PubSub.Tests;

[Category("Pure")]
public sealed class TopicPatternTests
{
    [TestCase("orders.*", "orders.1", true)]
    [TestCase("orders.*", "orders", false)]
    [TestCase("orders.*", "orders.1.2", false)]
    [TestCase("orders.>", "orders.1.2", true)]
    [TestCase("orders.>", "orders", false)]
    [TestCase("*.new", "orders.new", true)]
    [TestCase("*.new", "orders.old", false)]
    [TestCase(">", "anything.at.all", true)]
    [TestCase("a.*.c", "a.b.c", true)]
    [TestCase("a.*.c", "a.b.d", false)]
    [TestCase("a.b", "a.b", true)]
    [TestCase("a.b*", "a.bc", false)]
    public void Pattern_stands_for_names_level_by_level(string pattern, string name, bool matches)
        => Assert.That(TopicPattern.Matches(pattern, name), Is.EqualTo(matches));

    [TestCase("a.*", true)]
    [TestCase("a.>", true)]
    [TestCase("a.b*", false)]
    [TestCase("a", false)]
    public void Name_with_a_level_of_its_own_for_a_wildcard_is_a_pattern(string name, bool isPattern)
        => Assert.That(TopicPattern.IsPattern(name), Is.EqualTo(isPattern));

    [Test]
    public void Rest_stands_at_the_end_only()
    {
        Assert.That(TopicPattern.IsWellFormed("a.>.b"), Is.False);
        Assert.That(() => new TopicHubOptions().Add("a.>.b", new TopicOptions(TopicKind.Stream)), Throws.ArgumentException);
    }

    [TestCase("", false)]
    [TestCase("a\nb", false)]
    [TestCase("a\0", false)]
    [TestCase("\ud83d\ude00", true)]
    [TestCase("a b", true)]
    [TestCase("twenty-one-characters", false)]
    public void Names_are_bounded_and_without_control_characters(string name, bool isValid)
        => Assert.That(TopicPattern.IsValidName(name, maxBytes: 20), Is.EqualTo(isValid));

    [Test]
    public void Half_of_a_surrogate_pair_is_no_name() => Assert.That(TopicPattern.IsValidName("\ud800", maxBytes: 20), Is.False);
}
