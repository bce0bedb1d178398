namespace Engine.Tests;

/// <summary>Echoes with backpressure: what does not fit pauses the reads until it is accepted.</summary>
internal sealed class AsyncEchoProtocol : ConnectionProtocol
{
    protected internal override int OnReceived(Connection connection, Span<byte> bytes)
    {
        ValueTask<SendStatus> sent = connection.SendAsync(bytes.ToArray());
        if (!sent.IsCompleted)
        {
            connection.PauseReceive();
            _ = ResumeAsync(connection, sent);
        }

        return bytes.Length;
    }

    private static async Task ResumeAsync(Connection connection, ValueTask<SendStatus> sent)
    {
        await sent;
        connection.Post(static state => ((Connection)state!).ResumeReceive(), connection);
    }
}
