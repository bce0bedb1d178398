using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.Sse.Tests;

/// <summary>A server that does what a test says, byte by byte, for each connection; the last script serves all that follow.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    public const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _running = [];
    private readonly Func<NetworkStream, CancellationToken, Task>[] _scripts;
    private readonly Task _accepting;

    public ScriptedServer(params Func<NetworkStream, CancellationToken, Task>[] scripts)
    {
        _scripts = scripts;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}/");

    /// <summary>The head of each request, as UTF-8.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Sends the text and ends the connection.</summary>
    public static Func<NetworkStream, CancellationToken, Task> Send(string text) => (stream, ct) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), ct).AsTask();

    /// <summary>Sends the text and says no more.</summary>
    public static Func<NetworkStream, CancellationToken, Task> Hold(string text) => async (stream, ct) =>
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await Task.Delay(Timeout.Infinite, ct);
    };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (int number = 0; ; number++)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                _running.Add(ServeAsync(socket, _scripts[Math.Min(number, _scripts.Length - 1)]));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket, Func<NetworkStream, CancellationToken, Task> script)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            var head = new List<byte>();
            var one = new byte[1];
            while (!Encoding.UTF8.GetString([.. head.TakeLast(4)]).Equals("\r\n\r\n", StringComparison.Ordinal))
            {
                await stream.ReadExactlyAsync(one, _stop.Token);
                head.Add(one[0]);
            }

            Requests.Enqueue(Encoding.UTF8.GetString([.. head]));
            await script(stream, _stop.Token);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
        {
        }
    }
}
