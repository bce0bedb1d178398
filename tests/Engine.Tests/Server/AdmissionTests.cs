using System.Net;

namespace Engine.Tests;

/// <summary>By what connections are counted.</summary>
public sealed class AdmissionTests
{
    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [TestCase("2001:db8:1:2:ffff::1", "2001:db8:1:2::")]
    [TestCase("::1", "::")]
    public void An_address_counts_by_itself_or_by_the_network_that_one_host_has(string address, string key)
        => Assert.That(Admission.KeyOf(IPAddress.Parse(address)), Is.EqualTo(IPAddress.Parse(key)));

    [Test]
    public void One_more_of_an_address_than_may_be_is_refused_until_one_has_left()
    {
        var admission = new Admission(maxConnections: 0, maxPerAddress: 2);
        IPAddress key = Admission.KeyOf(IPAddress.Parse("2001:db8::1"))!;
        Assert.That(admission.Admit(key), Is.EqualTo(AdmissionVerdict.Admit));
        Assert.That(admission.Admit(Admission.KeyOf(IPAddress.Parse("2001:db8::2"))), Is.EqualTo(AdmissionVerdict.Admit));
        Assert.That(admission.Admit(Admission.KeyOf(IPAddress.Parse("2001:db8::3"))), Is.EqualTo(AdmissionVerdict.RefuseSilently));
        Assert.That(admission.Admit(Admission.KeyOf(IPAddress.Parse("2001:db8:0:1::1"))), Is.EqualTo(AdmissionVerdict.Admit));
        admission.Leave(key);
        Assert.That(admission.Admit(key), Is.EqualTo(AdmissionVerdict.Admit));
    }
}
