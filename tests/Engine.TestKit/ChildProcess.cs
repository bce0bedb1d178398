using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Engine.TestKit;

/// <summary>
/// A program that a test started: its output line by line as it comes, its exit code, and an end that is certain. Disposing kills this process and
/// its own children by id, never anything by name. Members may be used from any thread.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly StringBuilder _error = new();
    private readonly Task _reading;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, isError: false), ReadAsync(process.StandardError, isError: true));
    }

    /// <summary>The operating system's id.</summary>
    public int Id => _process.Id;

    /// <summary>True once it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>All of standard output so far.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>All of standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_gate)
            {
                return _error.ToString();
            }
        }
    }

    /// <summary>Starts a program with an argument list (no shell in between), its standard input closed.</summary>
    /// <param name="fileName">A path, or a name looked up in PATH.</param>
    /// <param name="arguments">One entry an argument; no quoting.</param>
    /// <param name="workingDirectory">Null is the test's own.</param>
    /// <param name="environment">Variables to add; a null value removes one.</param>
    public static ChildProcess Start(
        string fileName,
        IEnumerable<string> arguments,
        string? workingDirectory = null,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ProcessStartInfo info = new(fileName)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = workingDirectory ?? Environment.CurrentDirectory,
        };
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            info.Environment[name] = value;
        }

        Process process = Process.Start(info) ?? throw new InvalidOperationException($"{fileName} did not start.");
        process.StandardInput.Close();
        return new ChildProcess(process);
    }

    /// <summary>Runs a program to its end and answers what it printed.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it was killed.</exception>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string fileName,
        IEnumerable<string> arguments,
        TimeSpan timeout,
        string? workingDirectory = null)
    {
        ChildProcess child = Start(fileName, arguments, workingDirectory);
        await using (child.ConfigureAwait(false))
        {
            int exitCode = await child.WaitForExitAsync(timeout).ConfigureAwait(false);
            return (exitCode, child.Output, child.Error);
        }
    }

    /// <summary>Waits for the first line of standard output, among those printed so far and those to come, that satisfies the condition.</summary>
    /// <exception cref="TimeoutException">No such line came in time; the message shows all output.</exception>
    public async Task<string> WaitForLineAsync(Func<string, bool> condition, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(condition);
        using CancellationTokenSource source = new(timeout);
        int seen = 0;
        while (true)
        {
            bool ended = _reading.IsCompleted;
            Task changed;
            lock (_gate)
            {
                for (; seen < _lines.Count; seen++)
                {
                    if (condition(_lines[seen]))
                    {
                        return _lines[seen];
                    }
                }

                changed = _changed.Task;
            }

            if (ended)
            {
                throw new EndOfStreamException($"The process ended before the line came. {Describe()}");
            }

            try
            {
                await Task.WhenAny(changed, _reading).WaitAsync(source.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The line did not come within {timeout}. {Describe()}");
            }
        }
    }

    /// <summary>Waits for the end and for all output.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it goes on running until disposed.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        using CancellationTokenSource source = new(timeout);
        try
        {
            await _process.WaitForExitAsync(source.Token).ConfigureAwait(false);
            await _reading.WaitAsync(source.Token).ConfigureAwait(false);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The process did not end within {timeout}. {Describe()}");
        }
    }

    /// <summary>Sends a signal such as <c>TERM</c> or <c>INT</c> to this process id. Unix only.</summary>
    public async Task SignalAsync(string signal)
    {
        (int exitCode, _, string error) = await RunAsync(
            "kill",
            ["-s", signal, Id.ToString(CultureInfo.InvariantCulture)],
            TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"kill -s {signal} {Id}: {error}");
        }
    }

    /// <summary>Kills the process and its children, if they still run, and waits for the end.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It had ended already.
        }

        using CancellationTokenSource source = new(TimeSpan.FromSeconds(10));
        await _process.WaitForExitAsync(source.Token).ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, bool isError)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is string line)
        {
            TaskCompletionSource changed;
            lock (_gate)
            {
                if (isError)
                {
                    _error.AppendLine(line);
                }
                else
                {
                    _lines.Add(line);
                }

                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
        }
    }

    private string Describe() => $"Output: <{Output}>. Error: <{Error}>.";
}
