namespace Engine.Tests;

/// <summary>The whole table of when queued bytes leave: each event in each state.</summary>
[Category("Pure")]
public sealed class FlushTransitionsTests
{
    private const FlushState Idle = FlushState.Idle;
    private const FlushState Held = FlushState.Held;
    private const FlushState Due = FlushState.Due;
    private const FlushState Blocked = FlushState.Blocked;

    /// <summary>States as columns. An event that cannot come in a state is left out (null): nothing is offered while blocked, nothing freed otherwise.</summary>
    private static readonly (string Event, FlushState?[] In)[] Moves =
    [
        ("WriteHeld", [Held, Held, Due, Blocked]),
        ("Write", [Due, Due, Due, Blocked]),
        ("Offered all", [Idle, Idle, Idle, null]),
        ("Offered some", [Blocked, Blocked, Blocked, null]),
        ("Freed all", [null, null, null, Idle]),
        ("Freed some", [null, null, null, Due]),
    ];

    [Test]
    public void Each_event_moves_each_state_as_the_table_says()
    {
        foreach ((string name, FlushState?[] expected) in Moves)
        {
            foreach (FlushState from in Enum.GetValues<FlushState>())
            {
                if (expected[(int)from] is not { } to)
                {
                    continue;
                }

                FlushState control = In(from);
                Raise(ref control, name);
                Assert.That(control, Is.EqualTo(to), $"{name} in {from}");
            }
        }
    }

    [Test]
    public void A_message_that_may_wait_does_so_unless_bytes_leave_anyway()
    {
        bool[] waits = [.. Enum.GetValues<FlushState>().Select(static state =>
        {
            FlushState control = In(state);
            return control.WriteHeld();
        })];
        Assert.That(waits, Is.EqualTo(new[] { true, true, false, false }));
    }

    private static void Raise(ref FlushState control, string name)
    {
        switch (name)
        {
            case "WriteHeld":
                control.WriteHeld();
                break;
            case "Write":
                control.Write();
                break;
            case "Offered all" or "Offered some":
                control.Offered(name == "Offered all");
                break;
            default:
                control.Freed(name == "Freed all");
                break;
        }
    }

    private static FlushState In(FlushState state)
    {
        var control = default(FlushState);
        switch (state)
        {
            case Held:
                control.WriteHeld();
                break;
            case Due:
                control.Write();
                break;
            case Blocked:
                control.Write();
                control.Offered(isAllTaken: false);
                break;
        }

        Assert.That(control, Is.EqualTo(state));
        return control;
    }
}
