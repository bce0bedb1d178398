namespace Conformance;

/// <summary>Many messages, each sent when the one before has come back; what sections 9.7, 9.8, 12 and 13 are made of.</summary>
/// <param name="next">The next message.</param>
/// <param name="isBinary">Its kind.</param>
/// <param name="count">How many.</param>
/// <param name="fragmentBytes">Cut into frames of at most that many bytes; 0 sends whole ones.</param>
/// <param name="seconds">The time for all of them.</param>
/// <param name="needsDeflate">Without permessage-deflate the case is UNIMPLEMENTED.</param>
internal sealed class EchoRunScript(Func<byte[]> next, bool isBinary, int count, int fragmentBytes, double seconds, bool needsDeflate) : CaseScript(_ => { })
{
    private byte[] _message = [];
    private int _sentCount;
    private int _echoCount;

    public override void OnOpen()
    {
        WeClose(1000);
        if (needsDeflate && Peer.Deflate is null)
        {
            Behavior = Verdict.Unimplemented;
            Result = "permessage-deflate was not agreed on.";
            Peer.SendClose(1000);
            return;
        }

        Result = $"Not done within {seconds} s.";
        Peer.CloseAfter(seconds);
        SendOne();
    }

    public override void OnMessage(byte[] payload, bool isBinaryEcho)
    {
        _echoCount++;
        if (isBinaryEcho != isBinary || !payload.AsSpan().SequenceEqual(_message))
        {
            Result = $"Echo {_echoCount} differs: {(isBinaryEcho ? "binary" : "text")} of {payload.Length} bytes for {_message.Length}.";
            Peer.SendClose(1000);
        }
        else if (_echoCount < count)
        {
            SendOne();
        }
        else
        {
            Behavior = Verdict.Ok;
            Result = $"{count} echoes.";
            Peer.SendClose(1000);
        }
    }

    protected override void JudgeBehavior()
    {
        if (Behavior == Verdict.Failed && _echoCount < _sentCount)
        {
            Result += $" {_echoCount} of {count} echoes came.";
        }
    }

    private void SendOne()
    {
        _message = next();
        _sentCount++;
        Peer.SendMessage(_message, isBinary, fragmentBytes);
    }
}
