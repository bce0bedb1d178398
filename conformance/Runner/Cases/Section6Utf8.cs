namespace Conformance;

/// <summary>Text that is UTF-8, text that is not, and how soon the difference is noticed. RFC 6455 §8.1, RFC 3629.</summary>
internal static class Section6Utf8
{
    private const string Mixed = "Hello-µ@ßöäüàá-UTF-8!!";
    private const string Refused = "The connection is failed with 1007, or TCP is dropped.";
    private const string FailsFast = "The first part is taken; the second is refused with 1007 as soon as it arrives, the third is never needed.";

    /// <summary>Eleven bytes, five Greek letters.</summary>
    private static readonly byte[] Valid = CaseList.Bytes("κ\u1F79σμε");

    /// <summary>U+110000, one above the last code point: wrong from its second byte on.</summary>
    private static readonly byte[] BeyondUnicode = [0xF4, 0x90, 0x80, 0x80];

    public static void AddTo(CaseList list)
    {
        AddEmpty(list);
        AddValid(list);
        AddInvalid(list);
        byte[] late = [.. Valid, .. BeyondUnicode, .. "edited"u8];
        AddFailFastFrames(list, "6.4.1", late, 11, 15, "A text in three frames with pauses; the second frame holds an impossible code point.");
        AddFailFastFrames(list, "6.4.2", late, 12, 13, "As 6.4.1, but the second frame is the one byte that makes the text wrong.");
        AddFailFastChops(list, "6.4.3", late, 11, 15, "As 6.4.1, but one frame written in three pieces.");
        AddFailFastChops(list, "6.4.4", late, 12, 13, "As 6.4.2, but one frame written in three pieces.");
        AddSequences(list);
    }

    private static void AddEmpty(CaseList list)
    {
        list.Add("6.1.1", "A text of no bytes.", CaseList.Echo, script => Echoes(script, [], [[]]));
        list.Add("6.1.2", "A text of three empty fragments.", CaseList.Echo, script => Echoes(script, [], [[], [], []]));
        byte[] middle = CaseList.Bytes("middle frame payload");
        list.Add("6.1.3", "A text of three fragments, the first and the last empty.", CaseList.Echo, script => Echoes(script, middle, [[], middle, []]));
    }

    private static void AddValid(CaseList list)
    {
        byte[] mixed = CaseList.Bytes(Mixed);
        byte[] first = CaseList.Bytes("Hello-µ@ßöä");
        byte[] second = CaseList.Bytes("üàá-UTF-8!!");
        list.Add("6.2.1", $"The text {Mixed} in one frame.", CaseList.Echo, script => Echoes(script, mixed, [mixed]));
        list.Add("6.2.2", $"The text {Mixed} in two frames, cut between code points.", CaseList.Echo, script => Echoes(script, mixed, [first, second]));
        list.Add("6.2.3", $"The text {Mixed} in frames of one byte, cut inside code points.", CaseList.Echo, script => Echoes(script, mixed, ByteByByte(mixed)));
        list.Add("6.2.4", "Five Greek letters in frames of one byte.", CaseList.Echo, script => Echoes(script, Valid, ByteByByte(Valid)));
    }

    private static void AddInvalid(CaseList list)
    {
        byte[] surrogate = [.. Valid, 0xED, 0xA0, 0x80, .. "edited"u8];
        list.Add("6.3.1", "A text with a surrogate inside, in one frame.", Refused, script => IsRefused(script, [surrogate], 1));
        list.Add("6.3.2", "A text with a surrogate inside, in frames of one byte.", Refused, script => IsRefused(script, ByteByByte(surrogate), 1));
    }

    private static void AddSequences(CaseList list)
    {
        for (int group = 0; group < Utf8Sequences.Groups.Count; group++)
        {
            (string name, IReadOnlyList<Utf8Sequence> sequences) = Utf8Sequences.Groups[group];
            for (int i = 0; i < sequences.Count; i++)
            {
                Utf8Sequence sequence = sequences[i];
                string description = $"{name}: {(sequence.IsValid ? "valid" : "invalid")} text 0x{Convert.ToHexStringLower(sequence.Bytes)}.";
                list.Add($"6.{group + 5}.{i + 1}", description, sequence.IsValid ? CaseList.Echo : Refused, script =>
                {
                    if (sequence.IsValid)
                    {
                        script.Expect(PeerEvent.Message(sequence.Bytes, isBinary: false));
                        script.WeClose(1000);
                        script.Peer.Send(Opcode.Text, sequence.Bytes);
                        script.Peer.KillAfter(0.5);
                    }
                    else
                    {
                        IsRefused(script, [sequence.Bytes], 0.5);
                    }
                });
            }
        }
    }

    private static byte[][] ByteByByte(byte[] text) => [.. text.Select(one => new[] { one })];

    private static void Echoes(CaseScript script, byte[] text, byte[][] fragments)
    {
        script.Expect(PeerEvent.Message(text, isBinary: false));
        script.WeClose(1000);
        SendFragments(script, fragments);
        script.Peer.CloseAfter(1);
    }

    private static void IsRefused(CaseScript script, byte[][] fragments, double seconds)
    {
        script.Expect();
        script.PeerCloses(1007);
        script.IsCloserTheMatter = true;
        SendFragments(script, fragments);
        script.Peer.KillAfter(seconds);
    }

    private static void SendFragments(CaseScript script, byte[][] fragments)
    {
        for (int i = 0; i < fragments.Length; i++)
        {
            script.Peer.Send(i == 0 ? Opcode.Text : Opcode.Continuation, fragments[i], isFinal: i == fragments.Length - 1);
        }
    }

    private static void AddFailFastFrames(CaseList list, string id, byte[] text, int firstEnd, int secondEnd, string description) =>
        list.Add(id, description, FailsFast, script => FailFast(
            script,
            () => script.Peer.Send(Opcode.Text, text.AsSpan(0, firstEnd), isFinal: false),
            () => script.Peer.Send(Opcode.Continuation, text.AsSpan(firstEnd, secondEnd - firstEnd), isFinal: false),
            () => script.Peer.Send(Opcode.Continuation, text.AsSpan(secondEnd))));

    private static void AddFailFastChops(CaseList list, string id, byte[] text, int firstEnd, int secondEnd, string description) =>
        list.Add(id, description, FailsFast, script =>
        {
            byte[] frame = WireFrameWriter.Encode(Opcode.Text, text, isFinal: true, reserved: 0, isMasked: script.Peer.Role == PeerRole.Client);
            int headerBytes = frame.Length - text.Length;
            FailFast(
                script,
                () => script.Peer.SendRaw(frame[..(headerBytes + firstEnd)]),
                () => script.Peer.SendRaw(frame[(headerBytes + firstEnd)..(headerBytes + secondEnd)]),
                () => script.Peer.SendRaw(frame[(headerBytes + secondEnd)..]));
        });

    private static void FailFast(CaseScript script, Action first, Action second, Action third)
    {
        script.Expect(PeerEvent.Pause("A"));
        script.Tolerate(PeerEvent.Pause("A"), PeerEvent.Pause("B"));
        script.PeerCloses(1007);
        script.IsCloserTheMatter = true;
        first();
        script.Peer.Later(1, () => IfOpen(script, "A", () =>
        {
            second();
            script.Peer.Later(1, () => IfOpen(script, "B", () =>
            {
                third();
                script.Peer.KillAfter(1);
            }));
        }));
    }

    private static void IfOpen(CaseScript script, string pause, Action then)
    {
        if (script.Peer.State == PeerState.Open)
        {
            script.NotePause(pause);
            then();
        }
    }
}
