using System.Net;

namespace Engine.Tests;

[Category("Pure")]
public sealed class ConnectRaceTests
{
    [TestCase("::1 ::2 ::3 1.1.1.1 2.2.2.2", "::1 1.1.1.1 ::2 2.2.2.2 ::3")]
    [TestCase("1.1.1.1 ::1", "1.1.1.1 ::1")]
    [TestCase("1.1.1.1 2.2.2.2", "1.1.1.1 2.2.2.2")]
    [TestCase("", "")]
    public void Families_are_tried_in_turn_beginning_with_the_systems_choice(string addresses, string expected)
    {
        IPAddress[] given = [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)];
        Assert.That(string.Join(' ', ConnectRace.Interleave(given)), Is.EqualTo(expected));
    }
}
