namespace Conformance;

/// <summary>Messages in fragments, control frames between them, and fragments that belong to nothing.</summary>
internal static class Section5Fragments
{
    private static readonly (string Words, bool IsApart, int Chop)[] Writes =
        [("in one write", false, 0), ("one write a frame", true, 0), ("written byte by byte", false, 1)];

    public static void AddTo(CaseList list)
    {
        AddFragmentedControl(list, "5.1", "A ping in two fragments.", Opcode.Ping);
        AddFragmentedControl(list, "5.2", "A pong in two fragments.", Opcode.Pong);
        for (int i = 0; i < Writes.Length; i++)
        {
            AddTwoFragments(list, 3 + i, Writes[i]);
        }

        for (int i = 0; i < Writes.Length; i++)
        {
            AddPingBetween(list, 6 + i, Writes[i]);
        }

        for (int i = 0; i < Writes.Length; i++)
        {
            AddOrphan(list, 9 + i, isFinal: true, Writes[i]);
        }

        for (int i = 0; i < Writes.Length; i++)
        {
            AddOrphan(list, 12 + i, isFinal: false, Writes[i]);
        }

        AddOrphanAfterMessage(list);
        AddRepeatedOrphan(list, "5.16", isFinal: false);
        AddRepeatedOrphan(list, "5.17", isFinal: true);
        list.Add("5.18", "A text in two fragments that both say text.", CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            script.Peer.Send(Opcode.Text, "fragment1"u8, isFinal: false);
            script.Peer.Send(Opcode.Text, "fragment2"u8);
            script.Peer.KillAfter(1);
        });
        AddTwoPings(list, "5.19", "A text in five fragments with two pings between them and a pause of a second.", isApart: false);
        AddTwoPings(list, "5.20", "The same as 5.19, one write a frame.", isApart: true);
    }

    private static void AddFragmentedControl(CaseList list, string id, string description, byte opcode) =>
        list.Add(id, description, CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            script.Peer.Send(opcode, "fragment1"u8, isFinal: false);
            script.Peer.Send(Opcode.Continuation, "fragment2"u8);
            script.Peer.KillAfter(1);
        });

    private static void AddTwoFragments(CaseList list, int number, (string Words, bool IsApart, int Chop) write) =>
        list.Add($"5.{number}", $"A text in two fragments, {write.Words}.", CaseList.Echo, script =>
        {
            script.Expect(PeerEvent.Message(CaseList.Bytes("fragment1fragment2"), isBinary: false));
            script.WeClose(1000);
            script.Peer.Send(Opcode.Text, "fragment1"u8, isFinal: false, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.Send(Opcode.Continuation, "fragment2"u8, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.CloseAfter(1);
        });

    private static void AddPingBetween(CaseList list, int number, (string Words, bool IsApart, int Chop) write) =>
        list.Add($"5.{number}", $"A text in two fragments with a ping between them, {write.Words}.", "The pong, then the message; clean close with 1000.", script =>
        {
            byte[] ping = CaseList.Bytes("ping payload");
            script.Expect(PeerEvent.Pong(ping), PeerEvent.Message(CaseList.Bytes("fragment1fragment2"), isBinary: false));
            script.WeClose(1000);
            script.Peer.Send(Opcode.Text, "fragment1"u8, isFinal: false, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.Send(Opcode.Ping, ping, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.Send(Opcode.Continuation, "fragment2"u8, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.CloseAfter(1);
        });

    private static void AddOrphan(CaseList list, int number, bool isFinal, (string Words, bool IsApart, int Chop) write) =>
        list.Add($"5.{number}", $"A continuation (FIN = {isFinal}) of nothing, then a text, {write.Words}.", CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            script.Peer.Send(Opcode.Continuation, "non-continuation payload"u8, isFinal, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.Send(Opcode.Text, "Hello, world!"u8, isApart: write.IsApart, chopBytes: write.Chop);
            script.Peer.KillAfter(1);
        });

    private static void AddOrphanAfterMessage(CaseList list) =>
        list.Add("5.15", "A text in two fragments, a continuation of nothing (FIN = False), a text, in one write.", "The first text comes back, then the connection is failed with 1002.", script =>
        {
            script.Expect(PeerEvent.Message(CaseList.Bytes("fragment1fragment2"), isBinary: false));
            script.Tolerate();
            script.PeerCloses(1002);
            script.Peer.Send(Opcode.Text, "fragment1"u8, isFinal: false);
            script.Peer.Send(Opcode.Continuation, "fragment2"u8);
            script.Peer.Send(Opcode.Continuation, "fragment3"u8, isFinal: false);
            script.Peer.Send(Opcode.Text, "fragment4"u8);
            script.Peer.KillAfter(1);
        });

    private static void AddRepeatedOrphan(CaseList list, string id, bool isFinal) =>
        list.Add(id, $"Twice: a continuation (FIN = {isFinal}) of nothing, then a text in two fragments.", CaseList.Fails, script =>
        {
            script.Expect();
            script.PeerCloses(1002);
            for (int i = 0; i < 2; i++)
            {
                script.Peer.Send(Opcode.Continuation, "fragment1"u8, isFinal);
                script.Peer.Send(Opcode.Text, "fragment2"u8, isFinal: false);
                script.Peer.Send(Opcode.Continuation, "fragment3"u8);
            }

            script.Peer.KillAfter(1);
        });

    private static void AddTwoPings(CaseList list, string id, string description, bool isApart) =>
        list.Add(id, description, "Each ping is answered at once, also inside the message; the message comes back whole; clean close with 1000.", script =>
        {
            byte[] first = CaseList.Bytes("pongme 1!");
            byte[] second = CaseList.Bytes("pongme 2!");
            script.Expect(PeerEvent.Pong(first), PeerEvent.Pong(second), PeerEvent.Message(CaseList.Bytes("fragment1fragment2fragment3fragment4fragment5"), isBinary: false));
            script.WeClose(1000);
            script.Peer.Send(Opcode.Text, "fragment1"u8, isFinal: false, isApart: isApart);
            script.Peer.Send(Opcode.Continuation, "fragment2"u8, isFinal: false, isApart: isApart);
            script.Peer.Send(Opcode.Ping, first, isApart: isApart);
            script.Peer.Later(1, () =>
            {
                script.Peer.Send(Opcode.Continuation, "fragment3"u8, isFinal: false, isApart: isApart);
                script.Peer.Send(Opcode.Continuation, "fragment4"u8, isFinal: false, isApart: isApart);
                script.Peer.Send(Opcode.Ping, second, isApart: isApart);
                script.Peer.Send(Opcode.Continuation, "fragment5"u8, isApart: isApart);
                script.Peer.CloseAfter(1);
            });
        });
}
