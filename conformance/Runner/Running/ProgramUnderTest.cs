using System.Diagnostics;

namespace Conformance;

/// <summary>A program of this repository in a process of its own, built when asked, ended with this object.</summary>
internal sealed class ProgramUnderTest : IAsyncDisposable
{
    private const int MaxKeptLines = 40;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Queue<string> _lines = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ProgramUnderTest(Process process, string? readyPrefix)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data, readyPrefix);
        process.ErrorDataReceived += (_, line) => Keep(line.Data, readyPrefix);
        process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException($"the program ended before it was ready:\n{LastLines}"));
        process.EnableRaisingEvents = true;
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>Output and errors, the last lines of them.</summary>
    public string LastLines
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Builds the project in Release.</summary>
    /// <exception cref="InvalidOperationException">The build failed; the message holds its output.</exception>
    public static async Task BuildAsync(string project)
    {
        using Process build = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "build", Path.Combine(Repository.Root, project), "-c", "Release", "-v", "quiet", "--nologo" },
            RedirectStandardOutput = true,
        })!;
        string output = await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        if (build.ExitCode != 0)
        {
            throw new InvalidOperationException($"{project} does not build:\n{output}");
        }
    }

    /// <summary>Starts a built project.</summary>
    /// <param name="project">Its folder, named like its assembly.</param>
    /// <param name="arguments">Its command line.</param>
    public static ProgramUnderTest Start(string project, IEnumerable<string> arguments, string? readyPrefix = null)
    {
        string assembly = Path.Combine(Repository.Root, project, "bin", "Release", "net10.0", Path.GetFileName(project) + ".dll");
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };

        // What ./build.sh aot published goes before what was built, where the variable names its folder.
        string name = Path.GetFileName(project);
        if (Environment.GetEnvironmentVariable("ENGINE_NATIVE") is { Length: > 0 } native && Directory.Exists(Path.Combine(native, name)))
        {
            start.FileName = Path.Combine(native, name, name);
        }
        else
        {
            start.ArgumentList.Add(assembly);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process = new() { StartInfo = start };
        ProgramUnderTest program = new(process, readyPrefix);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return program;
    }

    /// <summary>What stands behind the ready prefix on the first line that has it.</summary>
    /// <exception cref="InvalidOperationException">The program ended instead.</exception>
    /// <exception cref="TimeoutException">It did not say so in a minute.</exception>
    public Task<string> ReadyAsync() => _ready.Task.WaitAsync(StartLimit);

    /// <summary>Waits until the program has ended by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _ = _ready.Task.Exception;
    }

    private void Keep(string? line, string? readyPrefix)
    {
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > MaxKeptLines)
            {
                _lines.Dequeue();
            }
        }

        if (readyPrefix is not null && line.StartsWith(readyPrefix, StringComparison.Ordinal))
        {
            _ready.TrySetResult(line[readyPrefix.Length..].Trim());
        }
    }
}
