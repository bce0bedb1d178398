using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Engine.Tests;

/// <summary>A connection in the hands of foreign code that knows pipes only: here a protocol of lines.</summary>
public sealed class DuplexPipeProtocolTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Lines_are_answered_and_completing_the_output_closes_the_connection()
    {
        await using RunningServer server = await StartAsync(static connection => new LineProtocol());
        await using TestKit.RawClient client = await server.ConnectAsync();
        await client.SendAsync("one\ntw");
        Assert.That(await client.ReadUntilAsync("\n"), Is.EqualTo("ONE\n"u8.ToArray()));
        await client.SendAsync("o\nquit\n");
        Assert.That(Encoding.ASCII.GetString(await client.ReadToEndAsync()), Is.EqualTo("TWO\n"));
        Assert.That(client.SawFin, Is.True);
    }

    [Test]
    public async Task Megabytes_pass_both_ways_with_pressure_whatever_becomes_of_messages([Values] BackpressurePolicy policy)
    {
        await using RunningServer server = await StartAsync(static connection => new EchoPipes(), options => options.Connections.Backpressure = policy);
        await using TestKit.RawClient client = await server.ConnectAsync();
        byte[] sent = new byte[8 << 20];
        Random.Shared.NextBytes(sent);
        Task sending = client.SendAsync(sent);
        byte[] received = await client.ReadExactlyAsync(sent.Length);
        await sending.WaitAsync(Cancellation);
        Assert.That(received.AsSpan().SequenceEqual(sent), Is.True);
    }

    private abstract class Handing : ConnectionProtocol
    {
        protected internal override void OnStarted(Connection connection) => _ = RunAsync(connection.AsDuplexPipe());

        protected internal override int OnReceived(Connection connection, Span<byte> bytes) => 0;

        protected abstract Task RunAsync(IDuplexPipe pipe);
    }

    private sealed class LineProtocol : Handing
    {
        protected override async Task RunAsync(IDuplexPipe pipe)
        {
            while (true)
            {
                ReadResult result = await pipe.Input.ReadAsync();
                ReadOnlySequence<byte> buffer = result.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    string line = Encoding.ASCII.GetString(buffer.Slice(0, end));
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    if (line == "quit")
                    {
                        await pipe.Output.CompleteAsync();
                        return;
                    }

                    await pipe.Output.WriteAsync(Encoding.ASCII.GetBytes(line.ToUpperInvariant() + "\n"));
                }

                pipe.Input.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted)
                {
                    await pipe.Output.CompleteAsync();
                    return;
                }
            }
        }
    }

    private sealed class EchoPipes : Handing
    {
        protected override async Task RunAsync(IDuplexPipe pipe)
        {
            await pipe.Input.CopyToAsync(pipe.Output);
            await pipe.Output.CompleteAsync();
        }
    }
}
