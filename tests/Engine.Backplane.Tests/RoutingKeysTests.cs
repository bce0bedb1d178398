using System.Text;
using Engine.Backplane.RabbitMq;

namespace Engine.Backplane.Tests;

internal sealed class RoutingKeysTests
{
    [TestCase("s.room-1_A", "s.room-1_A")]
    [TestCase("a b..ä", "a b..ä")]
    [TestCase("a.*.#", "a.%2A.%23")]
    [TestCase("100%", "100%25")]
    public void Topic_is_a_key_of_its_own(string topic, string key) => Assert.That(RoutingKeys.Of(topic), Is.EqualTo(key));

    [Test]
    public void Long_name_is_its_hash()
    {
        string topic = new('ä', 200);
        string key = RoutingKeys.Of(topic);
        Assert.That(Encoding.UTF8.GetByteCount(key), Is.LessThanOrEqualTo(RoutingKeys.MaxBytes));
        Assert.That(key, Is.EqualTo(RoutingKeys.Of(topic)).And.Not.EqualTo(RoutingKeys.Of(topic + "x")));
        Assert.That(RoutingKeys.Of(new string('x', RoutingKeys.MaxBytes)), Does.StartWith("x"));
    }
}
