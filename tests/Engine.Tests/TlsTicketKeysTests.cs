using System.Security.Cryptography;

namespace Engine.Tests;

[Category("Pure")]
public sealed class TlsTicketKeysTests
{
    [Test]
    public void The_same_secret_gives_the_same_keys_and_another_gives_others()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        TlsTicketKeys.Key one = new TlsTicketKeys(secret).Newest;
        TlsTicketKeys.Key same = new TlsTicketKeys(secret).Newest;
        TlsTicketKeys.Key other = new TlsTicketKeys(RandomNumberGenerator.GetBytes(32)).Newest;
        Assert.That(same.Name, Is.EqualTo(one.Name));
        Assert.That(same.Encryption, Is.EqualTo(one.Encryption));
        Assert.That(same.Authentication, Is.EqualTo(one.Authentication));
        Assert.That(other.Name, Is.Not.EqualTo(one.Name));
        Assert.That(one.Encryption, Is.Not.EqualTo(one.Authentication));
    }

    [Test]
    public void A_rotation_keeps_the_two_keys_before_it()
    {
        var keys = new TlsTicketKeys(new byte[32]);
        var names = new List<byte[]> { keys.Newest.Name };
        for (int i = 0; i < 3; i++)
        {
            keys.Rotate(RandomNumberGenerator.GetBytes(48));
            names.Add(keys.Newest.Name);
        }

        Assert.That(keys.Find(names[0]), Is.Null);
        Assert.That(names.Skip(1).Select(name => keys.Find(name)!.Name), Is.EqualTo(names.Skip(1)));
    }

    [Test]
    public void A_short_secret_is_refused_and_changes_nothing()
    {
        Assert.That(() => new TlsTicketKeys(new byte[31]), Throws.ArgumentException);
        var keys = new TlsTicketKeys(new byte[32]);
        TlsTicketKeys.Key before = keys.Newest;
        Assert.That(() => keys.Rotate(new byte[31]), Throws.ArgumentException);
        Assert.That(keys.Newest, Is.SameAs(before));
    }

    [Test]
    public void Keys_that_the_host_did_not_set_renew_themselves_after_twelve_hours()
    {
        var clock = new ManualTime();
        var keys = new TlsTicketKeys(clock);
        TlsTicketKeys.Key first = keys.Newest;
        clock.Now += TimeSpan.FromHours(11);
        Assert.That(keys.Newest, Is.SameAs(first));
        clock.Now += TimeSpan.FromHours(2);
        Assert.That(keys.Newest, Is.Not.SameAs(first));
        Assert.That(keys.Find(first.Name), Is.SameAs(first), "tickets of the old key still count");
    }

    private sealed class ManualTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
