using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Engine;

// A protocol of lines on the engine alone: each line comes back in capitals, "quit" ends. Try it with: nc 127.0.0.1 7000
var options = new ServerOptions();
options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, args.Length > 0 ? int.Parse(args[0]) : 7000));
await using var server = new EngineServer(options, _ => new Lines());
await server.StartAsync();
Console.WriteLine($"LineProtocol listening on {server.EndPoints[0]}");
await Task.Delay(Timeout.Infinite);

internal sealed class Lines : ConnectionProtocol
{
    protected override void OnStarted(Connection connection) => _ = ServeAsync(connection.AsDuplexPipe());

    protected override int OnReceived(Connection connection, Span<byte> bytes) => 0;

    private static async Task ServeAsync(IDuplexPipe pipe)
    {
        bool goesOn = true;
        while (goesOn)
        {
            ReadResult result = await pipe.Input.ReadAsync();
            ReadOnlySequence<byte> rest = result.Buffer;
            while (goesOn && rest.PositionOf((byte)'\n') is { } end)
            {
                string line = Encoding.UTF8.GetString(rest.Slice(0, end)).TrimEnd('\r');
                rest = rest.Slice(rest.GetPosition(1, end));
                goesOn = line != "quit";
                await pipe.Output.WriteAsync(Encoding.UTF8.GetBytes(line.ToUpperInvariant() + "\n"));
            }

            pipe.Input.AdvanceTo(rest.Start, rest.End);
            goesOn &= !result.IsCompleted;
        }

        await pipe.Output.CompleteAsync();
    }
}
