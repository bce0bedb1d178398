using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>Connects to a name of several addresses (RFC 8305): one after the other, each a moment after the last, and the first that succeeds is taken.</summary>
internal static class ConnectRace
{
    private static readonly TimeSpan Head = TimeSpan.FromMilliseconds(250);

    public static async Task<Connection> RunAsync(ConnectAttempt attempt, string host, int port, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(attempt.Timeout);
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(host, limit.Token).ConfigureAwait(false);
            return await RunAsync(attempt, Interleave(addresses), port, limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{host}:{port} did not answer in time.");
        }
    }

    /// <summary>The families in turn, beginning with the system's first choice, so that a family that is broken costs one head start.</summary>
    internal static IReadOnlyList<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses)
    {
        AddressFamily first = addresses.Count > 0 ? addresses[0].AddressFamily : default;
        IPAddress[] left = [.. addresses.Where(address => address.AddressFamily == first)];
        IPAddress[] right = [.. addresses.Where(address => address.AddressFamily != first)];
        var ordered = new List<IPAddress>(addresses.Count);
        for (int i = 0; i < Math.Max(left.Length, right.Length); i++)
        {
            ordered.AddRange(left.Skip(i).Take(1));
            ordered.AddRange(right.Skip(i).Take(1));
        }

        return ordered;
    }

    private static async Task<Connection> RunAsync(ConnectAttempt attempt, IReadOnlyList<IPAddress> addresses, int port, CancellationTokenSource limit)
    {
        List<Task<Connection>> running = [];
        Exception? failure = null;
        int next = 0;
        while (next < addresses.Count || running.Count > 0)
        {
            if (next < addresses.Count)
            {
                running.Add(attempt.RunAsync(new IPEndPoint(addresses[next++], port), limit.Token));
            }

            Task winner = next < addresses.Count
                ? await Task.WhenAny([.. running, Task.Delay(Head, limit.Token)]).ConfigureAwait(false)
                : await Task.WhenAny(running).ConfigureAwait(false);
            if (winner is not Task<Connection> ended)
            {
                continue;
            }

            running.Remove(ended);
            if (ended.IsCompletedSuccessfully)
            {
                await limit.CancelAsync().ConfigureAwait(false);
                running.ForEach(static late => _ = EndAsync(late));
                return await ended.ConfigureAwait(false);
            }

            failure = ended.Exception?.InnerException ?? new OperationCanceledException(limit.Token);
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>An attempt that came too late, and had connected before it saw that.</summary>
    private static async Task EndAsync(Task<Connection> late)
    {
        try
        {
            (await late.ConfigureAwait(false)).Abort();
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException or TimeoutException or System.Security.Authentication.AuthenticationException)
        {
            // As it should be.
        }
    }
}
