using Engine.Backplane.Nats;

namespace Engine.Backplane.Tests;

internal sealed class NatsSubjectsTests
{
    [TestCase("s.room-1_A", "s.room-1_A")]
    [TestCase("a b", "a%20b")]
    [TestCase(".a..b.", "%2Ea%2E.b%2E")]
    [TestCase("*.>", "%2A.%3E")]
    [TestCase("100%", "100%25")]
    [TestCase("ä€😀", "%C3%A4%E2%82%AC%F0%9F%98%80")]
    public void Topic_is_a_subject_of_its_own(string topic, string subject) => Assert.That(NatsSubjects.Of(topic), Is.EqualTo(subject));
}
