using System.Text;

namespace Engine.PubSub.Tests;

/// <summary>Joins and leaves as they are published: gathered over a window, with a grace period, bounded.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TopicPresenceTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly List<string> _published = [];

    [Test]
    public void Members_that_come_within_a_window_are_published_together_with_their_number()
    {
        TopicPresence presence = Make(new PresenceOptions());
        presence.Join("ann", "{\"n\":1}"u8.ToArray());
        presence.Join("bob", "{}"u8.ToArray());
        Assert.That(_published, Is.Empty);
        _clock.Advance(Window);
        Assert.That(_published, Is.EquivalentTo((string[])["ann={\"n\":1}", "bob={}", "#count=2"]));
        Assert.That(presence.Names, Is.EquivalentTo((string[])["ann", "bob"]));
    }

    [Test]
    public void A_member_that_comes_and_goes_within_a_window_or_comes_back_within_the_grace_period_is_no_change()
    {
        TopicPresence presence = Make(new PresenceOptions { Grace = TimeSpan.FromSeconds(5) });
        presence.Join("ann", default);
        presence.Join("short", default);
        presence.Leave("short");
        _clock.Advance(Window);
        Assert.That(_published, Is.EquivalentTo((string[])["ann=", "#count=1"]));
        _published.Clear();

        presence.Leave("ann");
        _clock.Advance(TimeSpan.FromSeconds(3));
        presence.Join("ann", default);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.That(_published, Is.Empty, "a reconnect is neither a leave nor a join");

        presence.Leave("ann");
        _clock.Advance(TimeSpan.FromSeconds(7));
        Assert.That(_published, Is.EqualTo((string[])["ann removed", "#count=0"]));
        Assert.That(presence.Count, Is.Zero);
    }

    [Test]
    public void A_member_stays_until_its_last_connection_is_gone()
    {
        TopicPresence presence = Make(new PresenceOptions { Grace = TimeSpan.Zero });
        presence.Join("ann", default);
        presence.Join("ann", default);
        presence.Leave("ann");
        _clock.Advance(Window);
        Assert.That(_published, Is.EquivalentTo((string[])["ann=", "#count=1"]));
        presence.Leave("ann");
        _clock.Advance(Window);
        Assert.That(_published[^2..], Is.EqualTo((string[])["ann removed", "#count=0"]));
    }

    [Test]
    public void Of_more_members_than_may_be_named_the_number_alone_is_published([Values] bool isCountOnly)
    {
        TopicPresence presence = Make(new PresenceOptions { IsCountOnly = isCountOnly, MaxMembers = 2, Grace = TimeSpan.Zero });
        for (int i = 0; i < 5; i++)
        {
            presence.Join($"m{i}", default);
        }

        _clock.Advance(Window);
        Assert.That(_published, Has.Count.EqualTo(isCountOnly ? 1 : 3));
        Assert.That(_published[^1], Is.EqualTo("#count=5"));
        for (int i = 0; i < 5; i++)
        {
            presence.Leave($"m{i}");
        }

        _clock.Advance(Window);
        Assert.That(_published[^1], Is.EqualTo("#count=0"));
        Assert.That(_published.Count(static line => line.EndsWith("removed", StringComparison.Ordinal)), Is.EqualTo(isCountOnly ? 0 : 2));
    }

    [Test]
    public void The_hub_publishes_members_to_a_latest_topic_that_nobody_else_publishes_to()
    {
        var room = new Room(new TopicHubOptions().Add("room.>", new TopicOptions(TopicKind.Stream) { Presence = new PresenceOptions { Grace = TimeSpan.Zero } }));
        Room.Guest ann = room.Enter(), watcher = room.Enter();
        ann.Subscriber.MemberName = "ann";
        ann.Subscriber.MemberInfo = "{\"n\":1}"u8.ToArray();
        ann.Subscriber.Subscribe("room.a");
        string presence = TopicHub.PresenceTopicOf("room.a");
        Assert.That(watcher.Subscriber.Subscribe(presence).Status, Is.EqualTo(SubscribeStatus.Subscribed));
        room.Advance(Window);
        Assert.That(watcher.Lines(), Is.EquivalentTo((string[])["M|room.a@presence|1|0|ann|{\"n\":1}", "M|room.a@presence|2|1|#count|1"]));
        Assert.That(room.Hub.MembersOf("room.a"), Is.EqualTo((string[])["ann"]));
        Assert.That(room.Hub.Publish(presence, "forged").Status, Is.EqualTo(PublishStatus.InvalidTopic));
        ann.Peer.Reset();
        room.Run();
        room.Advance(Window);
        Assert.That(watcher.Lines(), Is.EquivalentTo((string[])["R|room.a@presence|3|2|ann|", "M|room.a@presence|4|3|#count|0"]));
        room.Close();
    }

    private TopicPresence Make(PresenceOptions options)
        => new(options, _clock, message => _published.Add(message.IsRemoval ? $"{message.Key} removed" : $"{message.Key}={Encoding.UTF8.GetString(message.Payload.Span)}"));
}
