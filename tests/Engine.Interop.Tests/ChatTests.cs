using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using Engine.Sse;
using Engine.TestKit;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The chat in Chromium: two members at a desk and one with a phone, every type of message, and a server that goes away in the midst of it.</summary>
[CancelAfter(240_000)]
public sealed class ChatTests
{
    private const string Texts = "[...document.querySelectorAll('#messages .text')].map(item => item.textContent)";

    private Chromium? _browser;
    private ServerProgram _chat = null!;
    private string _journal = "";
    private string _room = "";

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task LaunchAsync() => _browser = await Chromium.LaunchAsync();

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
    }

    [SetUp]
    public async Task StartAsync()
    {
        _journal = Path.Combine(Path.GetTempPath(), $"chat-{Guid.NewGuid():N}");
        _room = $"r{Guid.NewGuid():N}"[..12];
        _chat = await ServerProgram.StartChatAsync(0, _journal);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _chat.StopAsync();
        File.Delete(_journal);
    }

    [Test]
    public async Task Every_type_of_message_reaches_the_others()
    {
        await using Member ann = await EnterAsync("ann"), bob = await EnterAsync("bob"), cyd = await EnterAsync("cyd", isPhone: true);
        await ann.SeesAsync("bob joined");
        await ann.SeesAsync("cyd joined");

        await ann.Page.FillAsync("#text", "hello all");
        await bob.SeesAsync("ann is typing");
        await bob.SeesNotAsync("typing");
        await ann.Page.ClickAsync("#send button");
        await bob.SeesAsync("hello all");
        await cyd.SeesAsync("hello all");

        await bob.Page.CheckAsync("#microphone");
        await cyd.SeesAsync("bob · mic");

        await bob.Page.CheckAsync("#bot-Pirate");
        await cyd.Page.WaitForFunctionAsync("document.getElementById('bot-Pirate').checked");
        await ann.Page.EvaluateAsync("() => { window.parts = 0; new MutationObserver(() => parts++).observe(document.getElementById('messages'), { childList: true, subtree: true }); }");
        await ann.SendAsync("what say you, Pirate?");
        await cyd.SeesAsync("we settle that one on the high sea!");
        await ann.SeesAsync("we settle that one on the high sea!");
        Assert.That(await ann.Page.EvaluateAsync<int>("parts"), Is.GreaterThan(5), "token by token");
        await cyd.Page.ClickAsync("#bots li:first-child button");
        await ann.SeesAsync("walk slowly");

        await bob.Page.ClickAsync("#clear");
        await cyd.SeesAsync("bob cleared the room");
        Assert.That(await ann.TextsAsync(), Is.Empty);

        // The same room over events, for a reader without a name.
        using var events = new SseClient(new Uri($"{_chat.Http}/events?topic=room.{_room}&last=256"));
        List<SseItem<string>> all = [];
        await foreach (SseItem<string> item in events.ReadAllAsync(Cancellation))
        {
            all.Add(item);
            if (item.Data.Contains("\"clear\"", StringComparison.Ordinal))
            {
                break;
            }
        }

        Assert.That(all.Count(static item => item.Data.Contains("hello all", StringComparison.Ordinal)), Is.EqualTo(1));

        await bob.DisposeAsync();
        await ann.SeesAsync("bob left");
        await using Member dan = await EnterAsync("dan");
        await dan.SeesAsync("bob cleared the room");
        Assert.That(await dan.TextsAsync(), Is.Empty, "what was cleared is cleared for those who come later");
    }

    [Test]
    public async Task A_data_channel_carries_bytes_between_two_members()
    {
        await using Member ann = await EnterAsync("ann"), bob = await EnterAsync("bob");
        await ann.Page.ClickAsync("[data-member=bob] button");
        await ann.SeesAsync("bob: connected, 4096 bytes");
        await bob.SeesAsync("ann: connected, 4096 bytes");
    }

    [Test]
    public async Task Twenty_messages_of_the_outbox_arrive_once_and_in_order_when_the_server_was_restarted()
    {
        await using Member ann = await EnterAsync("ann"), bob = await EnterAsync("bob"), cyd = await EnterAsync("cyd", isPhone: true);
        await ann.SendAsync("before");
        await bob.SeesAsync("before");
        int port = _chat.EndPoint.Port;
        await _chat.StopAsync();
        await ann.Page.WaitForSelectorAsync("#status[data-status=waiting]");
        await ann.Page.EvaluateAsync("() => { for (let i = 0; i < 20; i++) send(`${i}`); }");
        Assert.That(await ann.Page.EvaluateAsync<int>("document.querySelectorAll('#outbox li').length"), Is.EqualTo(20));
        _chat = await ServerProgram.StartChatAsync(port, _journal);
        string[] expected = ["before", .. Numbers(20)];
        foreach (Member member in new[] { ann, bob, cyd })
        {
            await member.SeesTextAsync("19");
            Assert.That(await member.TextsAsync(), Is.EqualTo(expected));
        }

        await ann.Page.WaitForFunctionAsync("document.querySelectorAll('#outbox li').length === 0");
    }

    [Test]
    public async Task Messages_arrive_once_and_in_order_though_the_server_is_killed_while_they_are_sent()
    {
        await using Member ann = await EnterAsync("ann"), bob = await EnterAsync("bob");
        int port = _chat.EndPoint.Port;
        await ann.Page.EvaluateAsync("() => { window.sent = 0; const next = () => { if (sent < 200) { send(`${sent++}`); setTimeout(next, 5); } }; next(); }");
        await bob.SeesTextAsync("50");
        await _chat.DisposeAsync();
        _chat = await ServerProgram.StartChatAsync(port, _journal);
        foreach (Member member in new[] { ann, bob })
        {
            await member.SeesTextAsync("199");
            Assert.That(await member.TextsAsync(), Is.EqualTo(Numbers(200)));
        }
    }

    [Test]
    public async Task Messages_arrive_once_and_in_order_after_thirty_seconds_without_a_network()
    {
        await using var network = new FaultProxy(_chat.EndPoint);
        await using Member ann = await EnterAsync("ann", network.EndPoint), bob = await EnterAsync("bob");
        await ann.SendAsync("before");
        await bob.SeesAsync("before");
        network.ToServer = network.ToClient = new FaultPlan { StallAfterBytes = 0 };

        // Not all at once: the first bytes pass, by the read that was under way.
        await ann.Page.EvaluateAsync("() => { window.sent = 0; const next = () => { if (sent < 20) { send(`${sent++}`); setTimeout(next, 50); } }; next(); }");
        await bob.SendAsync("meanwhile");
        await Task.Delay(TimeSpan.FromSeconds(30), Cancellation);
        Assert.That(await bob.TextsAsync(), Does.Contain("meanwhile").And.Not.Contain("19"), "the network is away");
        network.ToServer = network.ToClient = new FaultPlan();
        network.ResetAll();
        string[] others = ["before", "meanwhile"];
        foreach (Member member in new[] { ann, bob })
        {
            await member.SeesTextAsync("19");
            string[] texts = await member.TextsAsync();
            Assert.That(texts.Except(others), Is.EqualTo(Numbers(20)));
            Assert.That(texts, Has.Length.EqualTo(22));
        }
    }

    private static IEnumerable<string> Numbers(int count) => Enumerable.Range(0, count).Select(static i => i.ToString(CultureInfo.InvariantCulture));

    private async Task<Member> EnterAsync(string name, IPEndPoint? by = null, bool isPhone = false)
    {
        IBrowserContext user = await _browser!.NewContextAsync(isPhone
            ? new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 390, Height = 844 }, ColorScheme = ColorScheme.Dark }
            : new BrowserNewContextOptions());
        IPage page = await user.NewPageAsync();
        await page.GotoAsync($"http://{by ?? _chat.EndPoint}/");
        await page.FillAsync("#name", name);
        await page.FillAsync("#room", _room);
        await page.ClickAsync("#sign-in button");
        await page.WaitForSelectorAsync("#status[data-status=open]");
        await page.WaitForSelectorAsync($"[data-member={name}]");
        return new Member(user, page);
    }

    /// <summary>One who chats, with a browser profile of its own.</summary>
    private sealed class Member(IBrowserContext user, IPage page) : IAsyncDisposable
    {
        public IPage Page => page;

        public async Task SendAsync(string text) => await page.EvaluateAsync("text => send(text)", text);

        public async Task SeesAsync(string text) => await page.WaitForFunctionAsync("text => document.body.innerText.includes(text)", text);

        public async Task SeesNotAsync(string text) => await page.WaitForFunctionAsync("text => !document.body.innerText.includes(text)", text);

        public async Task SeesTextAsync(string text) => await page.WaitForFunctionAsync($"text => {Texts}.includes(text)", text, new PageWaitForFunctionOptions { Timeout = 60_000 });

        public Task<string[]> TextsAsync() => page.EvaluateAsync<string[]>(Texts);

        public async ValueTask DisposeAsync() => await user.CloseAsync();
    }
}
