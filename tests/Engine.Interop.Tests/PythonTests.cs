using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>Debian's python3-websockets.</summary>
public sealed class PythonTests(string transport) : BothTransports(transport)
{
    [Test]
    public async Task Websockets_gets_every_size_plane_and_fragment_back([Values] bool isCompressed)
    {
        string script = Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "python", "ws_client.py");
        string[] arguments = isCompressed ? [script, Server.Ws, "--deflate"] : [script, Server.Ws];
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("/usr/bin/python3", arguments, TimeSpan.FromSeconds(60));
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(output.Trim(), Is.EqualTo("same"));
    }
}
