using Microsoft.Extensions.Logging;

namespace Engine.Http1;

/// <summary>
/// Counts refused requests by reason, and logs them: at most so many lines a second for a whole server, because peers choose how often they are refused. The
/// next line says how many were left out. Any thread.
/// </summary>
internal sealed class RefusalLog(ILogger logger)
{
    internal const int MaxLinesPerSecond = 10;

    private readonly long[] _counts = new long[Enum.GetValues<HttpRejection>().Length];
    private long _second;
    private int _lines;
    private long _leftOut;

    public long Count(HttpRejection reason) => (uint)reason < (uint)_counts.Length ? Interlocked.Read(ref _counts[(int)reason]) : 0;

    public void Add(Connection connection, HttpRejection reason)
    {
        Interlocked.Increment(ref _counts[(int)reason]);
        if (logger.IsEnabled(LogLevel.Information) && MayLog(out long leftOut))
        {
            HttpLog.Refused(logger, connection.Id, StatusLines.Of(reason), reason, leftOut);
        }
    }

    /// <summary>Whether this second has a line left, and how many refusals had none before.</summary>
    private bool MayLog(out long leftOut)
    {
        long second = Environment.TickCount64 / 1000;
        long seen = Interlocked.Read(ref _second);
        if (seen != second && Interlocked.CompareExchange(ref _second, second, seen) == seen)
        {
            Interlocked.Exchange(ref _lines, 0);
        }

        bool mayLog = Interlocked.Increment(ref _lines) <= MaxLinesPerSecond;
        leftOut = mayLog ? Interlocked.Exchange(ref _leftOut, 0) : Interlocked.Increment(ref _leftOut);
        return mayLog;
    }
}
