namespace Conformance;

/// <summary>Reserved bits without an extension that gives them a meaning.</summary>
internal static class Section3Reserved
{
    public static void AddTo(CaseList list)
    {
        AddSingle(list, "3.1", "A short text with RSV = 1.", Opcode.Text, CaseList.Bytes("Hello, world!"), 1);
        AddAfterEcho(list, "3.2", "A short text, the same with RSV = 2, a ping, in one write.", 2, isApart: false, chopBytes: 0);
        AddAfterEcho(list, "3.3", "A short text, the same with RSV = 3, a ping, one write a frame.", 3, isApart: true, chopBytes: 0);
        AddAfterEcho(list, "3.4", "A short text, the same with RSV = 4, a ping, written byte by byte.", 4, isApart: false, chopBytes: 1);
        AddSingle(list, "3.5", "A short binary message with RSV = 5.", Opcode.Binary, [0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF], 5);
        AddSingle(list, "3.6", "A frame with RSV = 6 (described as a ping, sent as binary, here as in the suite).", Opcode.Binary, CaseList.Bytes("Hello, world!"), 6);
        AddSingle(list, "3.7", "A close frame with RSV = 7.", Opcode.Close, [], 7);
    }

    private static void AddSingle(CaseList list, string id, string description, byte opcode, byte[] payload, byte reserved) =>
        list.Add(id, description, CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            script.Peer.Send(opcode, payload, reserved: reserved);
            script.Peer.KillAfter(1);
        });

    private static void AddAfterEcho(CaseList list, string id, string description, byte reserved, bool isApart, int chopBytes) =>
        list.Add(id, description, "The first text comes back, then the connection is failed with 1002; no pong.", script =>
        {
            byte[] payload = CaseList.Bytes("Hello, world!");
            script.Expect(PeerEvent.Message(payload, isBinary: false));
            script.Tolerate();
            script.PeerCloses(1002);
            script.Peer.Send(Opcode.Text, payload, isApart: isApart, chopBytes: chopBytes);
            script.Peer.Send(Opcode.Text, payload, reserved: reserved, isApart: isApart, chopBytes: chopBytes);
            script.Peer.Send(Opcode.Ping, [], isApart: isApart, chopBytes: chopBytes);
            script.Peer.KillAfter(1);
        });
}
