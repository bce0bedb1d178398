namespace Engine.Sse.Tests;

[Category("Pure")]
public sealed class SseClientLifecycleTests
{
    /// <summary>Rows are states, columns signals, in the order in which both are declared.</summary>
    private const string Table =
        """
        Connecting -    -     -      -      -       -      -          -
        -          Open Ended Failed -      Waiting Failed -          Idle
        -          -    -     -      Failed Waiting Failed -          Idle
        -          -    -     -      -      -       -      Connecting Idle
        Connecting -    -     -      -      -       -      -          Ended
        Connecting -    -     -      -      -       -      -          Failed
        """;

    [Test]
    public void Each_state_answers_each_signal_as_the_table_says()
    {
        string[][] rows = [.. Table.Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        SseClientSignal[] signals = Enum.GetValues<SseClientSignal>();
        foreach (SseClientState state in Enum.GetValues<SseClientState>())
        {
            string[] followers = [.. signals.Select(signal => SseClientLifecycle.Next(state, signal)?.ToString() ?? "-")];
            Assert.That(followers, Is.EqualTo(rows[(int)state]), $"{state}");
        }
    }
}
