using Engine.Backplane.Nats;
using Engine.PubSub;

namespace Engine.Backplane.Tests;

internal sealed class NatsTopicOrderTests
{
    private readonly List<(string Topic, long Sequence)> _sent = [];
    private NatsTopicOrder _order = new();

    [SetUp]
    public void Begin()
    {
        _order = new NatsTopicOrder();
        _sent.Clear();
    }

    private static BackplanePublication Make(string topic, long sequence, long previous, bool follows = false)
        => new(topic, default, isKept: true, origin: 1, sequence, previous) { FollowsConfirmed = follows };

    private Task<BackplaneReceipt> PublishAsync(BackplanePublication publication, Task<BackplaneReceipt> answer) => _order.PublishAsync(publication, () =>
    {
        lock (_sent)
        {
            _sent.Add((publication.Topic, publication.Sequence));
        }

        return answer;
    });

    [Test]
    public async Task Publication_leaves_when_the_one_before_it_in_its_topic_is_confirmed()
    {
        var first = new TaskCompletionSource<BackplaneReceipt>();
        Task<BackplaneReceipt> one = PublishAsync(Make("a", 1, 0, follows: true), first.Task);
        Task<BackplaneReceipt> three = PublishAsync(Make("a", 3, 1), Task.FromResult(default(BackplaneReceipt)));
        await PublishAsync(Make("b", 2, 0), Task.FromResult(default(BackplaneReceipt)));
        Assert.That(_sent, Does.Not.Contain(("a", 3L)));
        first.SetResult(default);
        await Task.WhenAll(one, three);
        Assert.That(_sent.Where(static sent => sent.Topic == "a"), Is.EqualTo((IEnumerable<(string, long)>)[("a", 1L), ("a", 3L)]));
    }

    [Test]
    public async Task Publication_after_one_that_failed_is_refused_until_that_one_came_again()
    {
        Task<BackplaneReceipt> lost = Task.FromException<BackplaneReceipt>(new IOException("lost")), done = Task.FromResult(default(BackplaneReceipt));
        Task<BackplaneReceipt> one = PublishAsync(Make("a", 1, 0), lost), two = PublishAsync(Make("b", 2, 0), lost);
        Task<BackplaneReceipt> three = PublishAsync(Make("a", 3, 1), done), four = PublishAsync(Make("b", 4, 2), done);
        foreach (Task<BackplaneReceipt> failed in (Task<BackplaneReceipt>[])[one, two, three, four])
        {
            Assert.That(async () => await failed, Throws.InstanceOf<IOException>());
        }

        Assert.That(_sent.Select(static sent => sent.Sequence), Is.EquivalentTo((long[])[1, 2]), "nothing has overtaken");
        await PublishAsync(Make("a", 1, 0, follows: true), done);
        await Task.WhenAll(PublishAsync(Make("b", 2, 0), done), PublishAsync(Make("a", 3, 1), done), PublishAsync(Make("b", 4, 2), done));
        Assert.That(_sent.Skip(2).Where(static sent => sent.Topic == "b").Select(static sent => sent.Sequence), Is.EqualTo((long[])[2, 4]));
    }
}
