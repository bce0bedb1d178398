namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class AcceptKeyTests
{
    [Test]
    public void Accept_value_of_the_example_in_RFC6455_1_3_is_computed()
        => Assert.That(AcceptKey.Compute("dGhlIHNhbXBsZSBub25jZQ=="), Is.EqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));

    [TestCase("dGhlIHNhbXBsZSBub25jZQ==", ExpectedResult = true)]
    [TestCase("", ExpectedResult = false)]
    [TestCase("dGhlIHNhbXBsZSBub25jZQ", ExpectedResult = false)]
    [TestCase("dGhlIHNhbXBsZSBub25jZQ= ", ExpectedResult = false)]
    [TestCase("AAAAAAAAAAAAAAAAAAAAAAAA", ExpectedResult = false)]
    [TestCase("AAAAAAAAAAAAAAAAAAAA", ExpectedResult = false)]
    [TestCase("********************====", ExpectedResult = false)]
    public bool Key_is_valid_when_it_decodes_to_16_bytes(string key) => AcceptKey.IsValid(key);

    [Test]
    public void Fresh_keys_are_valid_and_differ()
    {
        string key = AcceptKey.Create();
        Assert.That(AcceptKey.IsValid(key), Is.True);
        Assert.That(AcceptKey.Create(), Is.Not.EqualTo(key));
    }
}
