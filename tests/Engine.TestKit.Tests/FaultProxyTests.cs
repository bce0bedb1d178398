using System.Text;

namespace Engine.TestKit.Tests;

[Category("Fault")]
[CancelAfter(20_000)]
public sealed class FaultProxyTests
{
    [Test]
    public async Task Bytes_arrive_whole_and_in_order_when_cut_into_single_ones()
    {
        await using LoopbackServer server = LoopbackServer.Echo();
        FaultPlan single = new() { PieceBytes = 1 };
        await using FaultProxy proxy = new(server.EndPoint, single, single);
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);

        string text = new('x', 500);
        await client.SendAsync(text);

        Assert.That(Encoding.ASCII.GetString(await client.ReadExactlyAsync(500)), Is.EqualTo(text));
    }

    [Test]
    public async Task Connection_is_reset_after_exactly_the_bytes_of_the_plan()
    {
        await using LoopbackServer server = LoopbackServer.Echo();
        await using FaultProxy proxy = new(server.EndPoint, toClient: new FaultPlan { ResetAfterBytes = 3 });
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("abcdef");
        byte[] received = await client.ReadToEndAsync();

        // A reset may overtake bytes that the client's kernel has not handed up yet, so fewer than three are possible, more are not.
        Assert.That(received, Has.Length.LessThanOrEqualTo(3));
        Assert.That(client.SawReset, Is.True);
    }

    [Test]
    public async Task Dropped_bytes_never_arrive_and_the_connection_stays_open()
    {
        await using LoopbackServer server = LoopbackServer.Echo();
        await using FaultProxy proxy = new(server.EndPoint, new FaultPlan { DropAfterBytes = 2 });
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint, TimeSpan.FromMilliseconds(300));

        await client.SendAsync("abcd");
        Assert.That(await client.ReadExactlyAsync(2), Is.EqualTo("ab"u8.ToArray()));
        await Assert.ThrowsAsync<TimeoutException>(() => client.ReadExactlyAsync(1));
        Assert.That((client.SawFin, client.SawReset), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task Reset_of_all_ends_open_connections_and_new_ones_are_taken()
    {
        await using LoopbackServer server = LoopbackServer.Echo();
        await using FaultProxy proxy = new(server.EndPoint);
        await using RawClient first = await RawClient.ConnectAsync(proxy.EndPoint);
        await first.SendAsync("a");
        await first.ReadExactlyAsync(1);

        proxy.ResetAll();
        await first.ReadToEndAsync();
        await using RawClient second = await RawClient.ConnectAsync(proxy.EndPoint);
        await second.SendAsync("b");

        Assert.That(await second.ReadExactlyAsync(1), Is.EqualTo("b"u8.ToArray()));
    }
}
