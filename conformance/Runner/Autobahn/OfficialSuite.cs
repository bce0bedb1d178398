using System.ComponentModel;
using System.Diagnostics;

namespace Conformance;

/// <summary>Autobahn itself by Docker: its client against our server over both transports, its server against our client.</summary>
internal static class OfficialSuite
{
    private const int NoDocker = 3;
    private const string ClientProject = "conformance/TestClient";
    private const string ServerProject = "conformance/TestServer";
    private static readonly (string Transport, string Port)[] Servers = [("sockets", "9011"), ("epoll", "9012")];

    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunAsync(RunnerOptions options, CancellationToken cancellationToken)
    {
        if (await DockerAsync(isQuiet: true, cancellationToken, "info") != 0)
        {
            Console.Error.WriteLine("No Docker engine answers: the official suite needs one (./build.sh conformance --all runs the same 517 cases without it).");
            return NoDocker;
        }

        if (await DockerAsync(isQuiet: true, cancellationToken, "compose", "version") != 0)
        {
            Console.Error.WriteLine("Docker answers, but has no compose: the official suite is started by it (Debian: docker-compose-v2 or docker-compose-plugin).");
            return NoDocker;
        }

        if (options.Builds)
        {
            await ProgramUnderTest.BuildAsync(ServerProject);
            await ProgramUnderTest.BuildAsync(ClientProject);
        }

        string reports = Path.Combine(Repository.Root, "artifacts", "conformance", "autobahn");
        Directory.CreateDirectory(reports);
        AcceptedOutcomes accepted = AcceptedOutcomes.Read();
        bool isServerOk = await RunServersAsync(cancellationToken) & ReportGate.Check(Path.Combine(reports, "server", "index.json"), "server", accepted);
        bool isClientOk = await RunClientAsync(cancellationToken) & ReportGate.Check(Path.Combine(reports, "client", "index.json"), "client", accepted);
        return isServerOk && isClientOk ? 0 : 1;
    }

    private static async Task<bool> RunServersAsync(CancellationToken cancellationToken)
    {
        List<ProgramUnderTest> servers = [];
        try
        {
            foreach ((string transport, string port) in Servers)
            {
                ProgramUnderTest server = ProgramUnderTest.Start(ServerProject, ["--deflate", "--port", port, "--transport", transport], "listening on ");
                servers.Add(server);
                await server.ReadyAsync();
            }

            return await ComposeAsync(cancellationToken, "run", "--rm", "fuzzingclient") == 0;
        }
        finally
        {
            foreach (ProgramUnderTest server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    private static async Task<bool> RunClientAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await ComposeAsync(cancellationToken, "up", "--detach", "fuzzingserver") != 0)
            {
                return false;
            }

            await using ProgramUnderTest client = ProgramUnderTest.Start(ClientProject, ["--url", "ws://127.0.0.1:9013", "--agent", "client"]);
            return await client.EndAsync(cancellationToken) == 0;
        }
        finally
        {
            await ComposeAsync(CancellationToken.None, "down");
        }
    }

    private static Task<int> ComposeAsync(CancellationToken cancellationToken, params string[] arguments) =>
        DockerAsync(isQuiet: false, cancellationToken, ["compose", "--file", Path.Combine(Repository.Root, "conformance", "Autobahn", "compose.yml"), .. arguments]);

    private static async Task<int> DockerAsync(bool isQuiet, CancellationToken cancellationToken, params string[] arguments)
    {
        try
        {
            using Process docker = Process.Start(new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = isQuiet, RedirectStandardError = isQuiet })!;
            if (isQuiet)
            {
                await Task.WhenAll(docker.StandardOutput.ReadToEndAsync(cancellationToken), docker.StandardError.ReadToEndAsync(cancellationToken));
            }

            await docker.WaitForExitAsync(cancellationToken);
            return docker.ExitCode;
        }
        catch (Win32Exception)
        {
            return -1;
        }
    }
}
