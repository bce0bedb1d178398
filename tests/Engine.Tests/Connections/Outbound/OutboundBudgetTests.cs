namespace Engine.Tests;

[Category("Pure")]
public sealed class OutboundBudgetTests
{
    private const int Limit = 1000;
    private const int Low = 250;

    private OutboundBudget _budget = new(Low);

    [SetUp]
    public void Begin() => _budget = new OutboundBudget(Low);

    [Test]
    public void Messages_are_counted_up_to_the_limit_and_a_refused_one_is_not()
    {
        Assert.That((_budget.TryAccept(600, Limit), _budget.TryAccept(400, Limit), _budget.TryAccept(1, Limit)), Is.EqualTo((true, true, false)));
        Assert.That(_budget.AcceptedBytes, Is.EqualTo(1000));
        _budget.Release(400);
        Assert.That(_budget.TryAccept(400, Limit), Is.True);
    }

    [Test]
    public void A_message_above_the_limit_is_accepted_when_nothing_else_is_there()
    {
        Assert.That(_budget.TryAccept(5000, Limit), Is.True);
        Assert.That(_budget.TryAccept(5000, Limit), Is.False);
        _budget.ReleaseAll();
        Assert.That((_budget.TryAccept(1, Limit), _budget.TryAccept(5000, Limit)), Is.EqualTo((true, false)));
    }

    [Test]
    public void Nobody_takes_the_room_of_those_who_wait_but_control_messages()
    {
        _budget.AddWaiter();
        Assert.That((_budget.HasWaiters, _budget.TryAccept(1, Limit), _budget.TryAcceptControl(1, Limit)), Is.EqualTo((true, false, true)));
        _budget.RemoveWaiter();
        Assert.That((_budget.HasWaiters, _budget.TryAccept(1, Limit)), Is.EqualTo((false, true)));
    }

    [Test]
    public void Control_messages_have_a_limit_too()
    {
        Assert.That((_budget.TryAcceptControl(1000, Limit), _budget.TryAcceptControl(1, Limit)), Is.EqualTo((true, false)));
        Assert.That(_budget.AcceptedBytes, Is.EqualTo(1000));
    }

    [Test]
    public void Undecided_messages_are_bounded_and_one_above_the_limit_waits_alone()
    {
        Assert.That((_budget.TryAddUndecided(600, Limit), _budget.TryAddUndecided(600, Limit)), Is.EqualTo((true, false)));
        Assert.That(_budget.UndecidedBytes, Is.EqualTo(600));
        _budget.Decided(600);
        Assert.That((_budget.TryAddUndecided(5000, Limit), _budget.UndecidedBytes, _budget.AcceptedBytes), Is.EqualTo((true, 5000, 0)));
    }

    [Test]
    public void A_drain_is_owed_until_it_is_taken_at_the_low_water_mark_or_where_the_refused_message_fits()
    {
        _budget.Accept(900);
        _budget.OweDrain();
        Assert.That((_budget.IsDrainOwed, _budget.IsDrainOwedToRefused, _budget.IsLow), Is.EqualTo((true, false, false)));
        _budget.OweDrainAt(100);
        _budget.OweDrainAt(200);
        _budget.OweDrain();
        Assert.That((_budget.IsDrainOwedToRefused, _budget.IsLow), Is.EqualTo((true, false)));
        _budget.Release(700);
        Assert.That(_budget.IsLow, Is.False, "the smallest mark holds");
        _budget.Release(100);
        Assert.That(_budget.IsLow, Is.True);
        _budget.Readmit();
        Assert.That((_budget.IsDrainOwed, _budget.IsDrainOwedToRefused), Is.EqualTo((true, false)));
        _budget.TakeDrain(Low);
        _budget.Accept(150);
        Assert.That((_budget.IsDrainOwed, _budget.IsLow), Is.EqualTo((false, true)), "the mark is the low-water mark again");
    }

    [Test]
    public void Threads_that_come_and_go_leave_nothing_counted()
    {
        int over = 0;
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (_budget.TryAccept(300, Limit))
                {
                    if (_budget.AcceptedBytes > Limit + (8 * 300))
                    {
                        Interlocked.Increment(ref over);
                    }

                    _budget.Release(300);
                }
            }
        });
        Assert.That((_budget.AcceptedBytes, over), Is.EqualTo((0, 0)));
    }
}
