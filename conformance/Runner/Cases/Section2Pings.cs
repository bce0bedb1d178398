namespace Conformance;

/// <summary>Pings and pongs.</summary>
internal static class Section2Pings
{
    private const string Answered = "A pong with the same payload; clean close with 1000.";

    public static void AddTo(CaseList list)
    {
        AddPing(list, "2.1", "A ping without payload.", []);
        AddPing(list, "2.2", "A ping with a short text.", CaseList.Bytes("Hello, world!"));
        AddPing(list, "2.3", "A ping with a short payload that is not UTF-8.", [0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF]);
        AddPing(list, "2.4", "A ping with the largest payload, 125 bytes.", CaseList.Repeat([0xFE], 125));
        list.Add("2.5", "A ping with 126 bytes, more than a control frame may carry.", CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            script.Peer.Send(Opcode.Ping, CaseList.Repeat([0xFE], 126));
            script.Peer.KillAfter(1);
        });
        AddPing(list, "2.6", "A ping with 125 bytes, written byte by byte.", CaseList.Repeat([0xFE], 125), chopBytes: 1, seconds: 2);
        AddPong(list, "2.7", "A pong that nobody asked for, without payload.", []);
        AddPong(list, "2.8", "A pong that nobody asked for, with payload.", CaseList.Bytes("unsolicited pong payload"));
        list.Add("2.9", "A pong that nobody asked for, then a ping.", "Only the ping is answered; clean close with 1000.", script =>
        {
            byte[] payload = CaseList.Bytes("ping payload");
            script.Expect(PeerEvent.Pong(payload));
            script.WeClose(1000);
            script.Peer.Send(Opcode.Pong, CaseList.Bytes("unsolicited pong payload"));
            script.Peer.Send(Opcode.Ping, payload);
            script.Peer.CloseAfter(1);
        });
        AddTen(list, "2.10", "Ten pings with payload.", chopBytes: 0);
        AddTen(list, "2.11", "Ten pings with payload, written byte by byte.", chopBytes: 1);
    }

    private static void AddPing(CaseList list, string id, string description, byte[] payload, int chopBytes = 0, double seconds = 1) =>
        list.Add(id, description, Answered, script =>
        {
            script.Expect(PeerEvent.Pong(payload));
            script.WeClose(1000);
            script.Peer.Send(Opcode.Ping, payload, chopBytes: chopBytes);
            script.Peer.CloseAfter(seconds);
        });

    private static void AddPong(CaseList list, string id, string description, byte[] payload) =>
        list.Add(id, description, "Nothing comes back; clean close with 1000.", script =>
        {
            script.Expect();
            script.WeClose(1000);
            script.Peer.Send(Opcode.Pong, payload);
            script.Peer.SendClose(1000);
            script.Peer.CloseAfter(1);
        });

    private static void AddTen(CaseList list, string id, string description, int chopBytes) =>
        list.Add(id, description, "Ten pongs with their payloads, in order (the RFC lets the last one do); clean close with 1000.", script =>
        {
            byte[][] payloads = [.. Enumerable.Range(0, 10).Select(i => CaseList.Bytes($"payload-{i}"))];
            script.Expect([.. payloads.Select(PeerEvent.Pong)]);
            script.WeClose(1000);
            foreach (byte[] payload in payloads)
            {
                script.Peer.Send(Opcode.Ping, payload, chopBytes: chopBytes);
            }

            script.Peer.CloseAfter(3);
        });
}
