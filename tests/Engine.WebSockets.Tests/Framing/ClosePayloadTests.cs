using System.Net.WebSockets;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class ClosePayloadTests
{
    [Test]
    public void Codes_that_may_stand_on_the_wire_are_those_of_the_registry()
    {
        int[] valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
        int[] invalid = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
        foreach (int code in valid)
        {
            Assert.That(ClosePayload.Read([(byte)(code >> 8), (byte)code], out WebSocketCloseStatus read, out _), Is.EqualTo(WebSocketError.None), $"{code}");
            Assert.That((int)read, Is.EqualTo(code));
        }

        foreach (int code in invalid)
        {
            Assert.That(ClosePayload.Read([(byte)(code >> 8), (byte)code], out _, out _), Is.EqualTo(WebSocketError.BadCloseCode), $"{code}");
        }
    }

    [Test]
    public void Empty_payload_reads_as_1005_and_one_byte_is_refused()
    {
        Assert.That(ClosePayload.Read([], out WebSocketCloseStatus code, out string reason), Is.EqualTo(WebSocketError.None));
        Assert.That(((int)code, reason), Is.EqualTo((1005, "")));
        Assert.That(ClosePayload.Read([3], out _, out _), Is.EqualTo(WebSocketError.BadClosePayload));
    }

    [Test]
    public void Reason_that_is_not_UTF_8_is_refused()
        => Assert.That(ClosePayload.Read([3, 0xE8, 0xCE, 0xBA, 0xFF], out _, out _), Is.EqualTo(WebSocketError.InvalidUtf8));

    [Test]
    public void Reason_is_cut_at_a_code_point_to_123_bytes()
    {
        byte[] payload = new byte[125];
        int length = ClosePayload.Write(payload, WebSocketCloseStatus.NormalClosure, new string('\u00E9', 100));
        Assert.That(length, Is.EqualTo(2 + 122));
        Assert.That(ClosePayload.Read(payload.AsSpan(0, length), out _, out string reason), Is.EqualTo(WebSocketError.None));
        Assert.That(reason, Is.EqualTo(new string('\u00E9', 61)));
        Assert.That(ClosePayload.Write(payload, ClosePayload.NoCode, "x"), Is.Zero);
    }
}
