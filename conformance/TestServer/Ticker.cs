using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace TestServer;

/// <summary>
/// Sends in the rhythm that a query asks for: every <c>interval</c> milliseconds a <c>burst</c> of messages of <c>size</c> bytes, each of which
/// begins with the monotonic clock in nanoseconds; with <c>aligned=1</c> at the clock's multiples of the interval, so that several processes send at once. A thread of its own, because the runtime's timers see no interval of less than 4 ms on many kernels.
/// </summary>
internal sealed class Ticker(string name, Action<byte[]> send)
{
    private const int StampDigits = 19;

    private int _isStarted;

    /// <summary>Begins, unless it has begun: the first one's query holds.</summary>
    public void Start(Func<string, string?> query)
    {
        if (Interlocked.Exchange(ref _isStarted, 1) == 0)
        {
            int interval = Number(query, "interval", 10), size = Number(query, "size", 100), burst = Number(query, "burst", 1);
            bool isAligned = Number(query, "aligned", 0) == 1;
            new Thread(() => Run(interval, size, burst, isAligned)) { IsBackground = true, Name = name }.Start();
        }
    }

    public static int Number(Func<string, string?> query, string name, int fallback)
        => int.TryParse(query(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : fallback;

    private void Run(int interval, int size, int burst, bool isAligned)
    {
        byte[] data = Encoding.ASCII.GetBytes(new string('x', Math.Max(size, StampDigits + 1)));
        data[StampDigits] = (byte)' ';
        double into = isAligned ? Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency % interval : 0;
        var watch = Stopwatch.StartNew();
        using var pause = new ManualResetEventSlim(initialState: false, spinCount: 0);
        for (long ticks = 1; ; ticks++)
        {
            for (double left; (left = (ticks * interval) - into - watch.Elapsed.TotalMilliseconds) > 0;)
            {
                pause.Wait(Math.Max((int)left, 1));
            }

            for (int i = 0; i < burst; i++)
            {
                (Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency)).TryFormat(data, out _, "D19", CultureInfo.InvariantCulture);
                send(data);
            }
        }
    }
}
