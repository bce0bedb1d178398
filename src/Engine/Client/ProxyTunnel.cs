namespace Engine;

/// <summary>How a proxy is asked for a tunnel. Bytes in, bytes out; one talk.</summary>
internal abstract class ProxyTunnel
{
    private const int MaxAnswerBytes = 32_768;

    /// <summary>What is sent first.</summary>
    public abstract byte[] First { get; }

    /// <summary>Reads what came.</summary>
    /// <param name="bytes">Everything that has not been consumed.</param>
    /// <param name="reply">What is to be sent next; null for nothing.</param>
    /// <param name="isOpen">Whether the tunnel is open: what follows the consumed bytes is the host's.</param>
    /// <returns>How many bytes were consumed; 0 asks for more.</returns>
    /// <exception cref="IOException">The proxy refuses, or is none.</exception>
    public abstract int Read(ReadOnlySpan<byte> bytes, out byte[]? reply, out bool isOpen);

    /// <summary>The whole talk over a stream.</summary>
    public async Task RunAsync(Stream stream)
    {
        await stream.WriteAsync(First).ConfigureAwait(true);
        byte[] buffer = new byte[MaxAnswerBytes];
        int length = 0;
        while (true)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(length)).ConfigureAwait(true);
            if (count == 0)
            {
                throw new IOException(length == buffer.Length ? "The proxy's answer is too long." : "The proxy ended the connection.");
            }

            length += count;
            int consumed = Read(buffer.AsSpan(0, length), out byte[]? reply, out bool isOpen);
            buffer.AsSpan(consumed, length - consumed).CopyTo(buffer);
            length -= consumed;
            if (isOpen)
            {
                // TLS begins with the client: a host that has spoken already is none.
                if (length > 0)
                {
                    throw new IOException("Unexpected bytes follow the proxy's answer.");
                }

                return;
            }

            if (reply is not null)
            {
                await stream.WriteAsync(reply).ConfigureAwait(true);
            }
        }
    }
}
