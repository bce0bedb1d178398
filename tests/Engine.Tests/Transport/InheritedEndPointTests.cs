namespace Engine.Tests;

[Category("Pure")]
public sealed class InheritedEndPointTests
{
    [Test]
    public void Descriptors_are_named_from_three_on_in_the_order_of_the_environment()
    {
        IReadOnlyList<InheritedEndPoint> endPoints = Read("42", "3", "web::admin");
        Assert.That(endPoints.Select(static endPoint => (endPoint.Descriptor, endPoint.Name)), Is.EqualTo(new (int, string?)[] { (3, "web"), (4, null), (5, "admin") }));
        Assert.That(endPoints[0].ToString(), Is.EqualTo("descriptor 3 (web)"));
        Assert.That(Read("42", "2", null).Select(static endPoint => endPoint.Name), Is.All.Null);
    }

    [TestCase(null, "1")]
    [TestCase("42", null)]
    [TestCase("43", "1")]
    [TestCase("42", "0")]
    [TestCase("42", "-1")]
    [TestCase("42", "many")]
    [TestCase("42", "99999999")]
    [TestCase("", "")]
    public void An_environment_that_speaks_to_nobody_or_to_another_gives_none(string? processId, string? count)
        => Assert.That(Read(processId, count, null), Is.Empty);

    [Test]
    public void This_process_was_given_none() => Assert.That(InheritedEndPoint.FromEnvironment(), Is.Empty);

    private static IReadOnlyList<InheritedEndPoint> Read(string? processId, string? count, string? names)
        => InheritedEndPoint.FromEnvironment(
            name => name switch
            {
                "LISTEN_PID" => processId,
                "LISTEN_FDS" => count,
                "LISTEN_FDNAMES" => names,
                _ => throw new ArgumentException(name),
            },
            processId: 42);
}
