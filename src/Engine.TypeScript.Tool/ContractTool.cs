using System.Threading.Channels;

namespace Engine.TypeScript.Tool;

/// <summary>The tool without its process: what it does for a command line.</summary>
/// <param name="options">The command line.</param>
/// <param name="output">Told what was written.</param>
/// <param name="error">Told what is wrong.</param>
internal sealed class ContractTool(ToolOptions options, TextWriter output, TextWriter error)
{
    /// <summary>A build writes its assembly in several steps: this long without another change means that it is done.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50);

    /// <summary>Does what the options say.</summary>
    /// <returns>0: done, or nothing is stale. 1: something is stale, or there is no contract.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (options.IsWatching)
        {
            await WatchAsync(cancellationToken).ConfigureAwait(false);
            return 0;
        }

        return TryWrite() ? 0 : 1;
    }

    private bool TryWrite()
    {
        try
        {
            ContractDocument contract = ContractFile.Read(options.Assembly);
            bool isFresh = Put(options.Output, TypeScriptWriter.Write(contract, options));
            if (options.AsyncApi is { } path)
            {
                isFresh &= Put(path, AsyncApiWriter.Write(contract, Path.GetFileNameWithoutExtension(options.Assembly)));
            }

            return isFresh;
        }
        catch (Exception exception) when (exception is ContractException or IOException or UnauthorizedAccessException)
        {
            error.WriteLine(exception.Message);
            return false;
        }
    }

    /// <summary>Writes a file that has changed: one that has not keeps its time, and compilers that watch it stay asleep. Returns false for what a check found stale.</summary>
    private bool Put(string path, string text)
    {
        bool isSame = File.Exists(path) && File.ReadAllText(path).ReplaceLineEndings("\n") == text;
        if (options.IsChecking)
        {
            if (!isSame)
            {
                error.WriteLine($"{path} is stale: write it again with engine-typescript {options.Assembly} --out {options.Output}");
            }

            return isSame;
        }

        if (!isSame)
        {
            // Whoever watches the file sees it whole.
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }

            string whole = $"{path}.{Environment.ProcessId}.new";
            File.WriteAllText(whole, text);
            File.Move(whole, path, overwrite: true);
            output.WriteLine($"wrote {path}");
        }

        return true;
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        string path = Path.GetFullPath(options.Assembly);
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        watcher.Changed += (_, _) => changes.Writer.TryWrite(true);
        watcher.Created += (_, _) => changes.Writer.TryWrite(true);
        watcher.Renamed += (_, _) => changes.Writer.TryWrite(true);
        watcher.Error += (_, _) => changes.Writer.TryWrite(true);
        watcher.EnableRaisingEvents = true;
        changes.Writer.TryWrite(true);
        output.WriteLine($"watching {options.Assembly}");
        try
        {
            while (await changes.Reader.ReadAsync(cancellationToken).ConfigureAwait(false) is var _)
            {
                await SettleAsync(changes.Reader, cancellationToken).ConfigureAwait(false);
                if (File.Exists(path))
                {
                    TryWrite();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C.
        }
    }

    private static async Task SettleAsync(ChannelReader<bool> changes, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            quiet.CancelAfter(Quiet);
            try
            {
                await changes.ReadAsync(quiet.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
