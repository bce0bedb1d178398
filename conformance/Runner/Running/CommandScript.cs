using System.Text;

namespace Conformance;

/// <summary>Tells a client one thing and closes: how many cases there are, what one is about, how it ended.</summary>
internal sealed class CommandScript(string answer) : CaseScript(_ => { })
{
    public override void OnOpen()
    {
        if (answer.Length > 0)
        {
            Peer.Send(Opcode.Text, Encoding.UTF8.GetBytes(answer));
        }

        Peer.SendClose(1000);
    }

    protected override void JudgeBehavior() => Behavior = Verdict.Ok;
}
