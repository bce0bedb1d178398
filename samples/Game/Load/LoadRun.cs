using System.Globalization;
using Engine;

namespace Game;

/// <summary>Many players that wander about, and one whose line carries 1 KB a second; then how old their states were.</summary>
internal static class LoadRun
{
    private const int SlowBytesPerSecond = 1_024;

    public static async Task<int> RunAsync(Uri target, int botCount, TimeSpan duration)
    {
        await using var engine = new EngineClient(new EngineClientOptions { LoopCount = 1 });
        using var ending = new CancellationTokenSource(duration);
        Bot[] bots = [.. Enumerable.Range(0, botCount).Select(static _ => new Bot())];
        var slow = new SlowReader(SlowBytesPerSecond);
        Task[] playing = [.. bots.Select(bot => bot.PlayAsync(target, engine, ending.Token)), PlayLaterAsync(slow, target, ending.Token)];
        await Task.WhenAll(playing);

        double[] ages = [.. bots.SelectMany(static bot => bot.Ages.Samples).Order()];
        if (ages.Length == 0 || bots.Any(static bot => bot.Frames == 0))
        {
            Console.Error.WriteLine("not every bot heard something");
            return 1;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{botCount} bots, {duration.TotalSeconds:0} s: {bots.Sum(static bot => bot.Frames) / duration.TotalSeconds:0} frames a second, {bots.Sum(static bot => bot.Bytes) / duration.TotalSeconds / 1024:0} KB a second"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"age of a bot's state when the next came, ms: p50 {At(ages, 0.5):0}, p99 {At(ages, 0.99):0}, worst {ages[^1]:0}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the reader of {SlowBytesPerSecond} bytes a second: {slow.Ages.Samples.Count} states, {slow.Bytes / duration.TotalSeconds:0} bytes a second, p50 {At([.. slow.Ages.Samples.Order()], 0.5):0}, worst {slow.Ages.Samples.Max():0}"));
        if (bots[0].Figures is { } figures)
        {
            Console.WriteLine($"the server: {figures}");
        }

        return 0;
    }

    /// <summary>Once the others are there, so that its states are of full size from the first.</summary>
    private static async Task PlayLaterAsync(SlowReader slow, Uri target, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        await slow.PlayAsync(target, cancellationToken);
    }

    private static double At(double[] sorted, double share) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
}
