using System.Text;

namespace Engine.TypeScript.Tests;

/// <summary>The generated dispatch of a handler that needs no connection.</summary>
[Category("Pure")]
public sealed partial class DispatchTests
{
    [Test]
    public async Task A_message_reaches_the_method_that_takes_its_type()
    {
        var handler = new LogHandler();
        Assert.That(handler.Give("""{"count":3,"type":"log-a"}""", out ValueTask handled), Is.EqualTo(MessageDispatch.Handled));
        await handled;
        Assert.That(handler.Give("""{"type":"log-b","text":"b"}""", out handled), Is.EqualTo(MessageDispatch.Handled));
        Assert.That(handled.IsCompleted, Is.False, "the method has not ended");
        handler.Gate.SetResult();
        await handled;
        Assert.That(handler.Seen, Is.EqualTo((string[])["3", "b"]));
    }

    [TestCase("""{"type":"log-c"}""", MessageDispatch.Unknown)]
    [TestCase("""{"type":"log-"}""", MessageDispatch.Unknown)]
    [TestCase("""{"type":5}""", MessageDispatch.Malformed)]
    [TestCase("""{"count":3}""", MessageDispatch.Malformed)]
    [TestCase("""{"type":"log-a"}""", MessageDispatch.Malformed)]
    [TestCase("""{"type":"log-a","count":"3"}""", MessageDispatch.Malformed)]
    [TestCase("""{"type":"log-a","count":3""", MessageDispatch.Malformed)]
    [TestCase("""{"type":"log-a","count":3}{""", MessageDispatch.Malformed)]
    [TestCase("""{"a":[}""", MessageDispatch.Malformed)]
    [TestCase("", MessageDispatch.Malformed)]
    [TestCase("[]", MessageDispatch.Malformed)]
    [TestCase("null", MessageDispatch.Malformed)]
    public void What_no_method_takes_is_told(string json, MessageDispatch expected)
    {
        var handler = new LogHandler();
        Assert.That(handler.Give(json, out ValueTask handled), Is.EqualTo(expected));
        Assert.That(handled.IsCompletedSuccessfully);
        Assert.That(handler.Seen, Is.Empty);
    }
}

[Message("log-a")]
internal sealed record LogA(int Count);

[Message("log-b")]
internal sealed record LogB(string Text);

[MessageHandler]
internal sealed partial class LogHandler
{
    public List<string> Seen { get; } = [];

    public TaskCompletionSource Gate { get; } = new();

    public MessageDispatch Give(string json, out ValueTask handled) => Dispatch(Encoding.UTF8.GetBytes(json), out handled);

    private void OnA(LogA message) => Seen.Add($"{message.Count}");

    private async Task OnBAsync(LogB message)
    {
        await Gate.Task;
        Seen.Add(message.Text);
    }
}
