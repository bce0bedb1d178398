using System.Buffers.Binary;

namespace Conformance;

/// <summary>Pings faster than they can be answered. RFC 6455 §5.5.3 lets a peer answer the latest only; it has to answer that one.</summary>
/// <param name="count">How many.</param>
internal sealed class PingFloodScript(int count) : CaseScript(_ => { })
{
    private int _pongCount;
    private int _lastAnswered = -1;

    public override void OnOpen()
    {
        WeClose(1000);
        Result = "The last ping was not answered.";
        byte[] payload = new byte[125];
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(payload, i);
            Peer.Send(Opcode.Ping, payload);
        }

        Peer.CloseAfter(10);
    }

    public override void OnPong(byte[] payload)
    {
        int answered = payload.Length == 125 ? BinaryPrimitives.ReadInt32BigEndian(payload) : -1;
        _pongCount++;
        if (answered <= _lastAnswered || answered >= count)
        {
            Result = $"Pong {answered} came behind pong {_lastAnswered}.";
            Peer.SendClose(1000);
            return;
        }

        _lastAnswered = answered;
        if (answered == count - 1)
        {
            Behavior = Verdict.Ok;
            Result = $"{_pongCount} pongs for {count} pings.";
            Peer.SendClose(1000);
        }
    }

    protected override void JudgeBehavior()
    {
        // Judged as the pongs came.
    }
}
