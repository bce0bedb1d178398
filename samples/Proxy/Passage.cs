using System.Net;
using Engine;

namespace Proxy;

/// <summary>One client: nothing is read of it until its other half is connected, then the two are one. This is the whole proxy.</summary>
internal sealed class Passage(Func<EngineClient> client, EndPoint to) : ConnectionProtocol
{
    protected override void OnStarted(Connection connection)
    {
        connection.PauseReceive();
        _ = JoinAsync(connection);
    }

    protected override int OnReceived(Connection connection, Span<byte> bytes) => 0;

    private async Task JoinAsync(Connection connection)
    {
        try
        {
            var options = new ConnectOptions { Loop = connection.Loop, Timeout = TimeSpan.FromSeconds(5) };
            await client().ConnectAsync(to, ConnectionSplice.To(connection), options, connection.ClosedToken);
        }
        catch (Exception exception)
        {
            if (exception is not OperationCanceledException)
            {
                Console.Error.WriteLine($"{to}: {exception.Message}");
            }

            connection.Abort();
        }
    }
}
