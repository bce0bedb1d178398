using System.Buffers.Binary;

namespace Conformance;

/// <summary>What broke real servers and the suite does not ask for: lengths that lie, compression that lies, floods. Not of the suite's numbers; run by --beyond.</summary>
internal static class Section20Beyond
{
    public const int Section = 20;

    private const string TooLarge = "Refused by its header with 1009, before any of it is awaited.";
    private static readonly DeflateOffer[] Offers = [new()];
    private static readonly DeflateAcceptance[] Acceptances = [new()];

    public static void AddTo(CaseList list)
    {
        AddLengths(list);
        AddCompression(list);
        AddCompressedEchoes(list);
        AddFloods(list);
    }

    private static void AddLengths(CaseList list)
    {
        AddRefused(list, "20.1.1", "A frame masked by the wrong end, or by none.", CaseList.Fails, [1002], script =>
            script.Peer.SendRaw(WireFrameWriter.Encode(Opcode.Text, "hello"u8, isFinal: true, reserved: 0, isMasked: script.Peer.Role == PeerRole.Server)));
        AddRefused(list, "20.1.2", "A length of 5 in two bytes.", CaseList.Fails, [1002], script => SendHeader(script, [0, 5], "hello"u8));
        AddRefused(list, "20.1.3", "A length of 5 in eight bytes.", CaseList.Fails, [1002], script => SendHeader(script, [0, 0, 0, 0, 0, 0, 0, 5], "hello"u8));
        AddRefused(list, "20.1.4", "A length with its highest bit set.", CaseList.Fails, [1002], script => SendHeader(script, [0x80, 0, 0, 0, 0, 0, 0, 5], "hello"u8));
        AddRefused(list, "20.1.5", "A length of 4 GiB.", TooLarge, [1009], script => SendHeader(script, Length(1L << 32), []));
        AddRefused(list, "20.1.6", "A length of 2^63 - 1.", TooLarge, [1009, 1002], script => SendHeader(script, Length(long.MaxValue), []));
        AddRefused(list, "20.1.7", "A length of 1 TiB inside a message.", TooLarge, [1009], script =>
        {
            script.Peer.Send(Opcode.Binary, "hello"u8, isFinal: false);
            SendHeader(script, Length(1L << 40), [], Opcode.Continuation);
        });
    }

    private static void AddCompression(CaseList list)
    {
        AddRefused(list, "20.2.1", "A ping that says compressed, where compression was agreed on.", CaseList.Fails, [1002], script => script.Peer.Send(Opcode.Ping, [], reserved: 4));
        AddRefused(list, "20.2.2", "A continuation that says compressed.", CaseList.Fails, [1002], script =>
        {
            script.Peer.Send(Opcode.Text, [0xF2, 0x48, 0xCD], isFinal: false, reserved: 4);
            script.Peer.Send(Opcode.Continuation, [0xC9, 0xC9, 0x07, 0x00], reserved: 4);
        });
        AddRefused(list, "20.2.3", "A compressed message that is no deflate.", "The connection is failed with 1007 or 1002.", [1007, 1002], script =>
            script.Peer.Send(Opcode.Text, CaseList.Repeat([0xFF], 64), reserved: 4));
        AddRefused(list, "20.2.4", "A compressed text that is not UTF-8.", "The connection is failed with 1007.", [1007], script =>
            SendCompressed(script, Opcode.Text, [.. "hello "u8, 0xED, 0xA0, 0x80]));
        AddRefused(list, "20.2.5", "A compressed message that reaches back before its beginning.", "The connection is failed with 1007 or 1002.", [1007, 1002], script =>
            script.Peer.Send(Opcode.Binary, [0x02, 0x03, 0x00], reserved: 4));
        AddRefused(list, "20.2.6", "A hundred million zeros, compressed a thousand to one.", "Refused with 1009 before it is inflated.", [1009], script =>
            SendCompressed(script, Opcode.Binary, new byte[100_000_000]));
    }

    private static void AddCompressedEchoes(CaseList list)
    {
        byte[] hello = CaseList.Bytes("Hello");
        AddEcho(list, "20.3.1", "A message that is not compressed, where compression was agreed on.", hello, script => script.Peer.Send(Opcode.Text, hello));
        AddEcho(list, "20.3.2", "An empty compressed message.", [], script => script.Peer.Send(Opcode.Text, [0x00], reserved: 4));
        AddEcho(list, "20.3.3", "A compressed message in a block that says it is the last (RFC 7692 §7.2.3.4).", hello, script =>
            script.Peer.Send(Opcode.Text, [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], reserved: 4));
        AddEcho(list, "20.3.4", "A message in a stored block (RFC 7692 §7.2.3.3).", hello, script =>
            script.Peer.Send(Opcode.Text, [0x00, 0x05, 0x00, 0xFA, 0xFF, .. hello, 0x00], reserved: 4));
        AddEcho(list, "20.3.5", "A message in two blocks (RFC 7692 §7.2.3.5).", hello, script =>
            script.Peer.Send(Opcode.Text, [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], reserved: 4));
        AddEcho(list, "20.3.6", "A compressed message in fragments of a byte.", hello, script =>
        {
            byte[] compressed = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
            for (int i = 0; i < compressed.Length; i++)
            {
                script.Peer.Send(i == 0 ? Opcode.Text : Opcode.Continuation, [compressed[i]], isFinal: i == compressed.Length - 1, reserved: (byte)(i == 0 ? 4 : 0));
            }
        });
    }

    private static void AddFloods(CaseList list)
    {
        AddRefused(list, "20.4.1", "A message of a million empty fragments.", "Refused with 1008 or 1009 at a bound.", [1008, 1009], script =>
        {
            script.Peer.Send(Opcode.Binary, [], isFinal: false);
            for (int i = 0; i < 1_000_000; i++)
            {
                script.Peer.Send(Opcode.Continuation, [], isFinal: false);
            }
        });
        list.Add("20.4.2", "Ten thousand pings in one write.", "The last one is answered; clean close with 1000.", () => new PingFloodScript(10_000));
    }

    /// <summary>A masked (by a client) frame whose extended length is given as it is.</summary>
    private static void SendHeader(CaseScript script, ReadOnlySpan<byte> length, ReadOnlySpan<byte> payload, byte opcode = Opcode.Binary)
    {
        bool isMasked = script.Peer.Role == PeerRole.Client;
        byte[] frame = [(byte)(0x80 | opcode), (byte)((isMasked ? 0x80 : 0) | (length.Length == 2 ? 126 : 127)), .. length, .. isMasked ? new byte[4] : [], .. payload];
        script.Peer.SendRaw(frame);
    }

    private static byte[] Length(long bytes)
    {
        byte[] field = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(field, bytes);
        return field;
    }

    private static void SendCompressed(CaseScript script, byte opcode, byte[] message)
    {
        using MessageDeflater deflater = new(windowBits: 15, keepsContext: false);
        script.Peer.Send(opcode, deflater.Compress(message), reserved: 4);
    }

    private static void AddRefused(CaseList list, string id, string description, string expectation, int[] codes, Action<CaseScript> send) =>
        list.Add(id, description, expectation, () => new CaseScript(script =>
        {
            script.Expect();
            script.PeerCloses(codes);
            send(script);
            script.Peer.KillAfter(5);
        })
        { Offers = Offers, Acceptances = Acceptances });

    private static void AddEcho(CaseList list, string id, string description, byte[] message, Action<CaseScript> send) =>
        list.Add(id, description, CaseList.Echo, () => new CaseScript(script =>
        {
            script.Expect(PeerEvent.Message(message, isBinary: false));
            script.WeClose(1000);
            send(script);
            script.Peer.KillAfter(1);
        })
        { Offers = Offers, Acceptances = Acceptances });
}
