namespace Conformance;

/// <summary>One message and its echo, compared by content; what sections 9 and 10 are made of.</summary>
/// <param name="open">Sends the message.</param>
/// <param name="message">What has to come back.</param>
/// <param name="isBinary">Its kind.</param>
internal sealed class EchoScript(Action<CaseScript> open, byte[] message, bool isBinary) : CaseScript(open)
{
    private bool _isJudged;

    public override void OnMessage(byte[] payload, bool isBinaryEcho)
    {
        _isJudged = true;
        Result = isBinaryEcho != isBinary ? "The echo has the other kind."
            : payload.Length != message.Length ? $"The echo has {payload.Length} bytes, not {message.Length}."
            : !payload.AsSpan().SequenceEqual(message) ? $"The echo differs from byte {payload.AsSpan().CommonPrefixLength(message)} on."
            : $"Echo of {message.Length} bytes.";
        Behavior = payload.AsSpan().SequenceEqual(message) && isBinaryEcho == isBinary ? Verdict.Ok : Verdict.Failed;
        Peer.SendClose(1000);
    }

    protected override void JudgeBehavior()
    {
        if (!_isJudged)
        {
            Result = "No echo came.";
        }
    }
}
