using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Engine.Tests;

[Category("Pure")]
public sealed class TlsCertificateStoreTests
{
    private static readonly SslStreamCertificateContext One = Create(TestCertificates.Server);
    private static readonly SslStreamCertificateContext Other = Create(TestCertificates.Other);

    [TestCase("www.example.org", "exact")]
    [TestCase("WWW.EXAMPLE.ORG", "exact")]
    [TestCase("api.example.org", "wildcard")]
    [TestCase("deep.api.example.org", "any", TestName = "A wildcard stands for one label")]
    [TestCase("example.org", "any", TestName = "A wildcard is not the name above it")]
    [TestCase("org", "any")]
    [TestCase(null, "any")]
    public void The_most_exact_name_wins(string? hostName, string expected)
    {
        var store = new TlsCertificateStore();
        store.Set("www.example.org", One, "exact"u8.ToArray());
        store.Set("*.example.org", One, "wildcard"u8.ToArray());
        store.Set("*", Other, "any"u8.ToArray());
        Assert.That(System.Text.Encoding.ASCII.GetString(store.Find(hostName)!.OcspResponse.Span), Is.EqualTo(expected));
    }

    [Test]
    public void What_is_set_again_is_replaced_and_what_is_removed_is_gone()
    {
        var store = new TlsCertificateStore();
        Assert.That(store.IsEmpty, Is.True);
        Assert.That(store.Find("a.test"), Is.Null);
        store.Set("a.test", One);
        store.Set("A.test", Other);
        Assert.That(store.Find("a.test")!.Certificate, Is.SameAs(Other));
        Assert.That(store.Remove("a.TEST"), Is.True);
        Assert.That(store.Remove("a.test"), Is.False);
        Assert.That(store.IsEmpty, Is.True);
    }

    [Test]
    public void Names_and_certificates_are_required()
    {
        var store = new TlsCertificateStore();
        Assert.That(() => store.Set(" ", One), Throws.ArgumentException);
        Assert.That(() => store.Set("a.test", null!), Throws.ArgumentNullException);
    }

    private static SslStreamCertificateContext Create(X509Certificate2 certificate) => SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
}
