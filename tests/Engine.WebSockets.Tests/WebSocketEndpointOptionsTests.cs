namespace Engine.WebSockets.Tests;

/// <summary>Options that are out of their range are refused when an endpoint or a client is made, and the documented defaults are the defaults.</summary>
[Category("Pure")]
public sealed class WebSocketEndpointOptionsTests
{
    [Test]
    public void Defaults_are_the_documented_ones()
    {
        var options = new WebSocketEndpointOptions();
        Assert.That((options.MaxMessageBytes, options.MaxFrameBytes, options.MaxFragmentCount), Is.EqualTo((67_108_864, 16_777_216, 131_072)));
        Assert.That((options.PingInterval, options.PongTimeout, options.CloseTimeout), Is.EqualTo((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5))));
        Assert.That((options.IdleTimeout, options.MaxLifetime), Is.EqualTo((Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan)));
        Assert.That(options.Compression, Is.Null);
        Assert.That(new WebSocketCompressionOptions().MaxInflationRatio, Is.EqualTo(100));
    }

    private static IEnumerable<Action> Bad()
    {
        yield return () => new WebSocketEndpointOptions { MaxMessageBytes = 10 }.Freeze();
        yield return () => new WebSocketEndpointOptions { MaxFrameBytes = 0 }.Freeze();
        yield return () => new WebSocketEndpointOptions { MaxFragmentCount = 0 }.Freeze();
        yield return () => new WebSocketEndpointOptions { PingInterval = TimeSpan.Zero }.Freeze();
        yield return () => new WebSocketEndpointOptions { CloseTimeout = TimeSpan.FromSeconds(-2) }.Freeze();
        yield return () => new WebSocketEndpointOptions { Compression = new() { ServerMaxWindowBits = 8 } }.Freeze();
        yield return () => new WebSocketEndpointOptions { Compression = new() { ClientMaxWindowBits = 16 } }.Freeze();
        yield return () => new WebSocketEndpointOptions { Compression = new() { Level = 0 } }.Freeze();
        yield return () => new WebSocketEndpointOptions { Compression = new() { MaxInflationRatio = -1 } }.Freeze();
        yield return () => new WebSocketClientOptions { MaxUnreadMessages = 0 }.Freeze();
        yield return () => new WebSocketClientOptions { MaxReconnectAttempts = -1 }.Freeze();
        yield return () => new WebSocketClientOptions { MaxReconnectDelay = TimeSpan.Zero }.Freeze();
    }

    [TestCaseSource(nameof(Bad))]
    public void Value_out_of_range_is_refused(Action freeze) => Assert.That(() => freeze(), Throws.InstanceOf<ArgumentException>());
}
