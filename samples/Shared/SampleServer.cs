using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Engine.Http1;

namespace Samples;

/// <summary>The server of a sample, on loopback by its command line, from its start to its end by Ctrl-C or SIGTERM.</summary>
internal static class SampleServer
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static HttpServer Create(CommandLine line) => new(new HttpServerOptions
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, line.Port),
        Transport = line.Transport,
        LoopCount = line.Loops,
        OnError = static (exception, _) => Console.Error.WriteLine(exception),
    });

    /// <summary>Starts the server, says where it listens, and stops it gracefully when asked to. Returns the program's exit code.</summary>
    public static async Task<int> RunAsync(HttpServer server, CommandLine line)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await server.StartAsync();
        }
        catch (SocketException exception)
        {
            Console.Error.WriteLine($"cannot listen on port {line.Port}: {exception.Message}");
            return 1;
        }

        Console.WriteLine($"{line.Program} listening on http://{server.EndPoint}");
        await stop.Task;
        await server.StopAsync(Patience);
        Console.WriteLine($"{line.Program} stopped");
        return 0;
    }
}
