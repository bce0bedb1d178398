using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Engine.Hosting.Tests;

/// <summary>What a host logs, for tests that wait for a line.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public async Task<string> WaitForAsync(string part, CancellationToken cancellationToken)
    {
        while (true)
        {
            string line = await _lines.Reader.ReadAsync(cancellationToken);
            if (line.Contains(part, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() => _lines.Writer.TryComplete();

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => lines._lines.Writer.TryWrite($"{logLevel} {category}: {formatter(state, exception)}");
    }
}
