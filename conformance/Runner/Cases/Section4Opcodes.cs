namespace Conformance;

/// <summary>The opcodes that RFC 6455 keeps for later.</summary>
internal static class Section4Opcodes
{
    public static void AddTo(CaseList list)
    {
        AddGroup(list, group: 1, firstOpcode: 3, "data");
        AddGroup(list, group: 2, firstOpcode: 11, "control");
    }

    private static void AddGroup(CaseList list, int group, byte firstOpcode, string kind)
    {
        byte[] hello = CaseList.Bytes("Hello, world!");
        AddSingle(list, $"4.{group}.1", $"A frame with the reserved {kind} opcode {firstOpcode}, empty.", firstOpcode, []);
        AddSingle(list, $"4.{group}.2", $"A frame with the reserved {kind} opcode {firstOpcode + 1} and a payload.", (byte)(firstOpcode + 1), CaseList.Bytes("reserved opcode payload"));
        AddAfterEcho(list, $"4.{group}.3", $"A short text, a frame with the reserved {kind} opcode {firstOpcode + 2}, a ping, in one write.", (byte)(firstOpcode + 2), [], 0);
        AddAfterEcho(list, $"4.{group}.4", $"A short text, a frame with the reserved {kind} opcode {firstOpcode + 3} and a payload, a ping, in one write.", (byte)(firstOpcode + 3), hello, 0);
        AddAfterEcho(list, $"4.{group}.5", $"A short text, a frame with the reserved {kind} opcode {firstOpcode + 4} and a payload, a ping, written byte by byte.", (byte)(firstOpcode + 4), hello, 1);
    }

    private static void AddSingle(CaseList list, string id, string description, byte opcode, byte[] payload) =>
        list.Add(id, description, CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            script.Peer.Send(opcode, payload);
            script.Peer.KillAfter(1);
        });

    private static void AddAfterEcho(CaseList list, string id, string description, byte opcode, byte[] payload, int chopBytes) =>
        list.Add(id, description, "The text comes back, then the connection is failed with 1002; no pong.", script =>
        {
            byte[] hello = CaseList.Bytes("Hello, world!");
            script.Expect(PeerEvent.Message(hello, isBinary: false));
            script.Tolerate();
            script.PeerCloses(1002);
            script.Peer.Send(Opcode.Text, hello, chopBytes: chopBytes);
            script.Peer.Send(opcode, payload, chopBytes: chopBytes);
            script.Peer.Send(Opcode.Ping, [], chopBytes: chopBytes);
            script.Peer.KillAfter(1);
        });
}
