namespace Conformance;

/// <summary>The closing handshake: its order, its payload, its codes.</summary>
internal static class Section7Closing
{
    private const string Clean = "Clean close with 1000; nothing else is answered.";
    private const string ErrorOrDrop = "Close with 1002, or TCP is dropped.";
    private static readonly int[] LawfulCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    private static readonly int[] UnlawfulCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

    /// <summary>A text with a surrogate inside.</summary>
    private static readonly byte[] NotUtf8 = [.. CaseList.Bytes("κ\u1F79σμε"), 0xED, 0xA0, 0x80, .. "edited"u8];

    public static void AddTo(CaseList list)
    {
        AddOrder(list);
        AddPayload(list);
        AddCodes(list);
    }

    private static void AddOrder(CaseList list)
    {
        byte[] hello = CaseList.Bytes("Hello World!");
        list.Add("7.1.1", "A text, then a close frame.", CaseList.Echo, script =>
        {
            script.IsCodeTheMatter = true;
            script.Expect(PeerEvent.Message(hello, isBinary: false));
            script.WeClose(1000);
            script.Peer.Send(Opcode.Text, hello);
            script.Peer.KillAfter(1);
        });
        AddClosing(list, "7.1.2", "Two close frames.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose(1000);
            script.Peer.Send(Opcode.Close, []);
        });
        AddClosing(list, "7.1.3", "A close frame, then a ping.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose(1000);
            script.Peer.Send(Opcode.Ping, []);
        });
        AddClosing(list, "7.1.4", "A close frame, then a text.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose(1000);
            script.Peer.Send(Opcode.Text, hello);
        });
        AddClosing(list, "7.1.5", "A fragment, a close frame, the last fragment.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.Send(Opcode.Text, "fragment1"u8, isFinal: false);
            script.Peer.SendClose(1000);
            script.Peer.Send(Opcode.Continuation, "fragment2"u8);
        });
        list.Add("7.1.6", "A text of 256 KiB, a short text, a close frame, a ping.", "Left open: the close may overtake the answers.", script =>
        {
            script.ClosesByHand = script.IsInformational = true;
            byte[] large = CaseList.Repeat("BAsd7&jh23"u8, 256 * 1024);
            script.Expect(PeerEvent.Message(large, isBinary: false), PeerEvent.Message(hello, isBinary: false));
            script.Tolerate();
            script.WeClose(1000);
            script.Peer.Send(Opcode.Text, large);
            script.Peer.Send(Opcode.Text, hello);
            script.Peer.SendClose(1000);
            script.Peer.Send(Opcode.Ping, []);
            script.Peer.KillAfter(1);
        });
    }

    private static void AddPayload(CaseList list)
    {
        AddClosing(list, "7.3.1", "A close frame without payload.", "Clean close with 1000 or without a code.", script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose();
        });
        AddClosing(list, "7.3.2", "A close frame with one byte of payload.", ErrorOrDrop, script =>
        {
            script.WeCloseWrongly(1002);
            script.Peer.SendClose(null, "a"u8);
        });
        AddClosing(list, "7.3.3", "A close frame with a code.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose(1000);
        });
        AddClosing(list, "7.3.4", "A close frame with a code and a reason.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose(1000, "Hello World!"u8);
        });
        AddClosing(list, "7.3.5", "A close frame with a code and the longest reason, 123 bytes.", Clean, script =>
        {
            script.WeClose(1000);
            script.Peer.SendClose(1000, CaseList.Repeat("*"u8, 123));
        });
        AddClosing(list, "7.3.6", "A close frame with a code and a reason of 124 bytes, one too many.", ErrorOrDrop, script =>
        {
            script.WeCloseWrongly(1002);
            script.Peer.SendClose(1000, CaseList.Repeat("*"u8, 124));
        });
        AddClosing(list, "7.5.1", "A close frame whose reason is not UTF-8.", "Close with 1002 or 1007, or TCP is dropped.", script =>
        {
            script.WeCloseWrongly(1002, 1007);
            script.Peer.SendClose(1000, NotUtf8);
        });
    }

    private static void AddCodes(CaseList list)
    {
        for (int i = 0; i < LawfulCodes.Length; i++)
        {
            int code = LawfulCodes[i];
            AddClosing(list, $"7.7.{i + 1}", $"A close frame with the lawful code {code}.", $"Clean close with 1000 or {code}.", script =>
            {
                script.WeClose(1000, code);
                script.Peer.SendClose(code);
            });
        }

        for (int i = 0; i < UnlawfulCodes.Length; i++)
        {
            int code = UnlawfulCodes[i];
            AddClosing(list, $"7.9.{i + 1}", $"A close frame with the unlawful code {code}.", ErrorOrDrop, script =>
            {
                script.WeCloseWrongly(1002);
                script.Peer.SendClose(code);
            });
        }

        AddUndefined(list, "7.13.1", 5000);
        AddUndefined(list, "7.13.2", 65535);
    }

    private static void AddUndefined(CaseList list, string id, int code) =>
        AddClosing(list, id, $"A close frame with code {code}, of which RFC 6455 says nothing.", "Left open.", script =>
        {
            script.IsInformational = true;
            script.WeCloseWrongly(1000, code, 1002);
            script.Peer.SendClose(code);
        });

    private static void AddClosing(CaseList list, string id, string description, string expectation, Action<CaseScript> open) =>
        list.Add(id, description, expectation, script =>
        {
            script.ClosesByHand = true;
            script.IsCodeTheMatter = true;
            script.Expect();
            open(script);
            script.Peer.KillAfter(1);
        });
}
