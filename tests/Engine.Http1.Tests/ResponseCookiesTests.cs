namespace Engine.Http1.Tests;

[Category("Pure")]
public sealed class ResponseCookiesTests
{
    private static readonly CookieAttributes Bare = new() { Path = null, Secure = false, HttpOnly = false, SameSite = CookieSameSite.Unspecified };

    [Test]
    public void A_cookie_is_safe_unless_told_otherwise()
    {
        Assert.That(ResponseCookies.Format("id", "42", new CookieAttributes()), Is.EqualTo("id=42; Path=/; Secure; HttpOnly; SameSite=Lax"));
        Assert.That(ResponseCookies.Format("id", "", Bare), Is.EqualTo("id="));
    }

    [Test]
    public void Each_attribute_is_said_in_its_words()
    {
        var attributes = new CookieAttributes
        {
            Path = "/a b",
            Domain = "example.org",
            MaxAge = TimeSpan.FromSeconds(90.7),
            Expires = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.FromHours(1)),
            SameSite = CookieSameSite.None,
            Partitioned = true,
        };
        Assert.That(
            ResponseCookies.Format("id", "\"q\"", attributes),
            Is.EqualTo("id=\"q\"; Path=/a b; Domain=example.org; Max-Age=90; Expires=Wed, 02 Jan 2030 02:04:05 GMT; Secure; HttpOnly; SameSite=None; Partitioned"));
        Assert.That(ResponseCookies.Format("id", "1", new CookieAttributes { MaxAge = TimeSpan.FromDays(-1), SameSite = CookieSameSite.Strict }), Does.Contain("; Max-Age=0;").And.EndWith("SameSite=Strict"));
    }

    [TestCase("a;b", "v")]
    [TestCase("a b", "v")]
    [TestCase("a=b", "v")]
    [TestCase("", "v")]
    [TestCase("é", "v")]
    [TestCase("a", "x; Domain=evil.org")]
    [TestCase("a", "x\r\nSet-Cookie: b=1")]
    [TestCase("a", "x,y")]
    [TestCase("a", "x y")]
    [TestCase("a", "x\\y")]
    [TestCase("a", "\"")]
    [TestCase("a", "\"x\"y\"")]
    [TestCase("a", "x\0")]
    [TestCase("a", "é")]
    public void What_would_inject_or_break_is_refused(string name, string value)
        => Assert.That(() => ResponseCookies.Format(name, value, Bare), Throws.ArgumentException);

    [TestCase("/a;b", null)]
    [TestCase("a", null)]
    [TestCase("/a\r\n", null)]
    [TestCase(null, "a;b")]
    [TestCase(null, "a b")]
    [TestCase(null, "")]
    [TestCase(null, "a.org\n")]
    public void So_are_attributes(string? path, string? domain)
        => Assert.That(() => ResponseCookies.Format("a", "b", new CookieAttributes { Path = path, Domain = domain }), Throws.ArgumentException);

    [Test]
    public void What_browsers_would_ignore_is_refused()
    {
        Assert.That(() => ResponseCookies.Format("a", new string('x', 4095), Bare), Throws.Nothing);
        Assert.That(() => ResponseCookies.Format("a", new string('x', 4096), Bare), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("a", "b", new CookieAttributes { Path = "/" + new string('x', 1024) }), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("a", "b", new CookieAttributes { SameSite = CookieSameSite.None, Secure = false }), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("a", "b", new CookieAttributes { Partitioned = true, Secure = false }), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("__Secure-a", "b", new CookieAttributes { Secure = false }), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("__host-a", "b", new CookieAttributes { Domain = "a.org" }), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("__Host-a", "b", new CookieAttributes { Path = "/x" }), Throws.ArgumentException);
        Assert.That(() => ResponseCookies.Format("__Host-a", "b", new CookieAttributes()), Throws.Nothing);
    }
}
