namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class WebSocketErrorTests
{
    [Test]
    public void Each_error_has_a_code_that_may_be_sent_and_a_reason_that_fits()
    {
        foreach (WebSocketError error in Enum.GetValues<WebSocketError>().Where(error => error != WebSocketError.None))
        {
            Assert.That(ClosePayload.IsSendable((int)WebSocketErrors.ToCloseCode(error)), Is.True, $"{error}");
            Assert.That(WebSocketErrors.ToReason(error), Is.Not.Empty.And.Length.LessThan(ClosePayload.MaxReasonBytes), $"{error}");
        }
    }
}
