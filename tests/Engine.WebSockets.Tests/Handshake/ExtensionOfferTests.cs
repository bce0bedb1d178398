using System.Diagnostics;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ExtensionOfferTests
{
    private const string Plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    [TestCase("", null)]
    [TestCase("x-other; a=1", null)]
    [TestCase("permessage-deflate", Plain)]
    [TestCase("PerMessage-Deflate", Plain)]
    [TestCase("permessage-deflate; client_max_window_bits", Plain)]
    [TestCase("permessage-deflate; client_max_window_bits=15", Plain)]
    [TestCase("permessage-deflate; client_max_window_bits=\"10\"", Plain + "; client_max_window_bits=10")]
    [TestCase("permessage-deflate; client_max_window_bits=8", Plain + "; client_max_window_bits=8")]
    [TestCase("permessage-deflate;server_max_window_bits=9", Plain + "; server_max_window_bits=9")]
    [TestCase("permessage-deflate ; server_max_window_bits = 15", Plain + "; server_max_window_bits=15")]
    [TestCase("permessage-deflate; server_no_context_takeover; client_no_context_takeover", Plain)]
    [TestCase("x-other, , permessage-deflate", Plain)]
    [TestCase("permessage-deflate; server_max_window_bits=8", null)]
    [TestCase("permessage-deflate; server_max_window_bits=8, permessage-deflate", Plain)]
    [TestCase("permessage-deflate; server_max_window_bits", null)]
    [TestCase("permessage-deflate; server_max_window_bits=7", null)]
    [TestCase("permessage-deflate; server_max_window_bits=16", null)]
    [TestCase("permessage-deflate; server_max_window_bits=010", null)]
    [TestCase("permessage-deflate; server_max_window_bits=1x", null)]
    [TestCase("permessage-deflate; client_max_window_bits=0", null)]
    [TestCase("permessage-deflate; client_max_window_bits=16", null)]
    [TestCase("permessage-deflate; client_max_window_bits; client_max_window_bits", null)]
    [TestCase("permessage-deflate; server_no_context_takeover; server_no_context_takeover", null)]
    [TestCase("permessage-deflate; server_no_context_takeover=1", null)]
    [TestCase("permessage-deflate; client_no_context_takeover=true", null)]
    [TestCase("permessage-deflate; unknown", null)]
    [TestCase("permessage-deflate; unknown, permessage-deflate; client_max_window_bits=12", Plain + "; client_max_window_bits=12")]
    public void Offer_gets_its_answer(string offer, string? expected)
    {
        Assert.That(ExtensionOffer.TryNegotiate(offer, new WebSocketCompressionOptions(), true, out DeflateAgreement agreement, out string? answer), Is.True);
        Assert.That(answer, Is.EqualTo(expected));
        Assert.That(agreement.IsAgreed, Is.EqualTo(expected is not null));
        Assert.That(ExtensionOffer.TryNegotiate(offer, null, true, out agreement, out answer), Is.True);
        Assert.That((answer, agreement.IsAgreed), Is.EqualTo(((string?)null, false)), "declined without options");
    }

    [TestCase("permessage-deflate; client_max_window_bits=\"10")]
    [TestCase("permessage-deflate; client_max_window_bits=\"")]
    [TestCase("permessage-deflate; client_max_window_bits=")]
    [TestCase("permessage-deflate; =10")]
    [TestCase("permessage-deflate;")]
    [TestCase("permessage-deflate x")]
    [TestCase("permessage-deflate; a b")]
    [TestCase("\u00E9")]
    [TestCase("permessage-deflate; client_max_window_bits=\"1 0\"")]
    public void Malformed_header_is_refused(string offer)
        => Assert.That(ExtensionOffer.TryNegotiate(offer, new WebSocketCompressionOptions(), true, out _, out _), Is.False);

    [Test]
    public void Takeover_is_kept_where_both_sides_want_it()
    {
        var options = new WebSocketCompressionOptions { ServerContextTakeover = true, ClientContextTakeover = true, ServerMaxWindowBits = 12, ClientMaxWindowBits = 11 };
        ExtensionOffer.TryNegotiate("permessage-deflate; client_max_window_bits", options, true, out DeflateAgreement agreement, out string? answer);
        Assert.That(answer, Is.EqualTo("permessage-deflate; server_max_window_bits=12; client_max_window_bits=11"));
        Assert.That(agreement, Is.EqualTo(new DeflateAgreement(12, 11, true, true)));
        ExtensionOffer.TryNegotiate("permessage-deflate; server_no_context_takeover", options, true, out agreement, out answer);
        Assert.That(answer, Is.EqualTo("permessage-deflate; server_no_context_takeover; server_max_window_bits=12"));
        Assert.That(agreement, Is.EqualTo(new DeflateAgreement(12, 15, false, true)));
        ExtensionOffer.TryNegotiate("permessage-deflate", options, mayKeepHistory: false, out agreement, out _);
        Assert.That(agreement.SendTakeover, Is.False, "messages may be dropped after they were compressed");
    }

    [TestCase("permessage-deflate; server_no_context_takeover; client_no_context_takeover", true)]
    [TestCase("permessage-deflate; server_no_context_takeover; client_max_window_bits=10", true)]
    [TestCase("permessage-deflate; server_no_context_takeover; client_max_window_bits=8", false)]
    [TestCase("permessage-deflate; server_no_context_takeover; client_max_window_bits", false)]
    [TestCase("permessage-deflate", false)]
    [TestCase("permessage-deflate; server_no_context_takeover, permessage-deflate", false)]
    [TestCase("x-other", false)]
    [TestCase("permessage-deflate; server_no_context_takeover; x=1", false)]
    [TestCase("", true)]
    public void Client_keeps_only_what_it_offered(string answer, bool expected)
        => Assert.That(ExtensionOffer.TryReadAnswer(answer, new WebSocketCompressionOptions(), out _), Is.EqualTo(expected));

    [Test]
    public void Client_and_server_agree_on_the_same_thing([Values] bool serverTakeover, [Values] bool clientTakeover, [Values(9, 15)] int bits)
    {
        var options = new WebSocketCompressionOptions
        {
            ServerContextTakeover = serverTakeover,
            ClientContextTakeover = clientTakeover,
            ServerMaxWindowBits = bits,
            ClientMaxWindowBits = bits,
        };
        Assert.That(ExtensionOffer.TryNegotiate(ExtensionOffer.Offer(options), options, true, out DeflateAgreement server, out string? answer), Is.True);
        Assert.That(ExtensionOffer.TryReadAnswer(answer, options, out DeflateAgreement client), Is.True);
        Assert.That(client, Is.EqualTo(new DeflateAgreement(server.ReceiveWindowBits, server.SendWindowBits, server.ReceiveTakeover, server.SendTakeover)));
    }

    [Test]
    public void Hostile_header_takes_linear_time()
    {
        string header = string.Concat(Enumerable.Repeat("permessage-deflate; a=\"b\" ; c ,", 100_000)) + "x=\"" + new string('y', 1_000_000);
        long start = Stopwatch.GetTimestamp();
        Assert.That(ExtensionOffer.TryNegotiate(header, new WebSocketCompressionOptions(), true, out _, out _), Is.False);
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(2)));
    }
}
