namespace Conformance;

/// <summary>Messages of every length encoding, in one frame.</summary>
internal static class Section1Framing
{
    public static void AddTo(CaseList list)
    {
        AddKind(list, group: 1, isBinary: false, filler: (byte)'*');
        AddKind(list, group: 2, isBinary: true, filler: 0xFE);
    }

    private static void AddKind(CaseList list, int group, bool isBinary, byte filler)
    {
        string kind = isBinary ? "binary" : "text";
        (int Bytes, int Chop)[] shapes = [(0, 0), (125, 0), (126, 0), (127, 0), (128, 0), (65535, 0), (65536, 0), (65536, 997)];
        for (int i = 0; i < shapes.Length; i++)
        {
            (int bytes, int chop) = shapes[i];
            string description = $"A {kind} message of {bytes} bytes{(chop == 0 ? "" : $", written in pieces of {chop} bytes")}.";
            list.Add($"1.{group}.{i + 1}", description, CaseList.Echo, script =>
            {
                byte[] payload = CaseList.Repeat([filler], bytes);
                script.Expect(PeerEvent.Message(payload, isBinary));
                script.WeClose(1000);
                script.Peer.Send(isBinary ? Opcode.Binary : Opcode.Text, payload, chopBytes: chop);
                script.Peer.KillAfter(bytes < 65535 ? 1 : 10);
            });
        }
    }
}
