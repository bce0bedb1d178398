using System.Globalization;

namespace Conformance;

/// <summary>Large messages, small fragments, small writes, and a thousand round trips.</summary>
internal static class Section9Limits
{
    private const int Kibi = 1024;
    private const int Mebi = 1024 * 1024;
    private static readonly byte[] TextPattern = CaseList.Bytes("BAsd7&jh23");
    private static readonly byte[] BinaryPattern = [0x00, 0xFE, 0x23, 0xFA, 0xF0];

    /// <param name="list">Takes the cases.</param>
    /// <param name="scale">Part of the message count of 9.7 and 9.8, above 0 and up to 1.</param>
    public static void AddTo(CaseList list, double scale)
    {
        AddSizes(list, group: 1, isBinary: false, [10, 10, 100, 100, 100, 100]);
        AddSizes(list, group: 2, isBinary: true, [10, 10, 10, 10, 100, 100]);
        AddFragmented(list, group: 3, isBinary: false);
        AddFragmented(list, group: 4, isBinary: true);
        AddChopped(list, group: 5, isBinary: false);
        AddChopped(list, group: 6, isBinary: true);
        AddRoundTrips(list, group: 7, isBinary: false, scale);
        AddRoundTrips(list, group: 8, isBinary: true, scale);
    }

    private static void AddSizes(CaseList list, int group, bool isBinary, double[] seconds)
    {
        int[] sizes = [64 * Kibi, 256 * Kibi, Mebi, 4 * Mebi, 8 * Mebi, 16 * Mebi];
        for (int i = 0; i < sizes.Length; i++)
        {
            int bytes = sizes[i];
            double limit = seconds[i];
            list.Add($"9.{group}.{i + 1}", $"A {Kind(isBinary)} message of {Size(bytes)} in one frame.", CaseList.Echo, () =>
                Echo(CaseList.Repeat(isBinary ? BinaryPattern : TextPattern, bytes), isBinary, limit, (script, message) =>
                    script.Peer.Send(isBinary ? Opcode.Binary : Opcode.Text, message)));
        }
    }

    private static void AddFragmented(CaseList list, int group, bool isBinary)
    {
        int[] fragments = [64, 256, Kibi, 4 * Kibi, 16 * Kibi, 64 * Kibi, 256 * Kibi, Mebi, 4 * Mebi];
        for (int i = 0; i < fragments.Length; i++)
        {
            int fragment = fragments[i];
            byte filler = isBinary && i == 0 ? (byte)0xFE : (byte)'*';
            list.Add($"9.{group}.{i + 1}", $"A {Kind(isBinary)} message of 4 MiB in fragments of {Size(fragment)}.", CaseList.Echo, () =>
                Echo(CaseList.Repeat([filler], 4 * Mebi), isBinary, 100, (script, message) => script.Peer.SendMessage(message, isBinary, fragment)));
        }
    }

    private static void AddChopped(CaseList list, int group, bool isBinary)
    {
        int[] chops = [64, 128, 256, 512, Kibi, 2 * Kibi];
        for (int i = 0; i < chops.Length; i++)
        {
            int chop = chops[i];
            list.Add($"9.{group}.{i + 1}", $"A {Kind(isBinary)} message of 1 MiB in one frame, written in pieces of {Size(chop)}.", CaseList.Echo, () =>
                Echo(CaseList.Repeat(isBinary ? BinaryPattern : TextPattern, Mebi), isBinary, 1000, (script, message) =>
                    script.Peer.Send(isBinary ? Opcode.Binary : Opcode.Text, message, chopBytes: chop)));
        }
    }

    private static void AddRoundTrips(CaseList list, int group, bool isBinary, double scale)
    {
        (int Bytes, double Seconds)[] shapes = [(0, 60), (16, 60), (64, 60), (256, 120), (1024, 240), (4096, 480)];
        int count = Math.Max(1, (int)(1000 * scale));
        for (int i = 0; i < shapes.Length; i++)
        {
            (int bytes, double seconds) = shapes[i];
            list.Add($"9.{group}.{i + 1}", $"{count} {Kind(isBinary)} messages of {bytes} bytes, one after the other.", $"Each comes back, all within {seconds} s; clean close with 1000.", () =>
            {
                byte[] message = CaseList.Repeat([isBinary ? (byte)0xFE : (byte)'*'], bytes);
                return new EchoRunScript(() => message, isBinary, count, fragmentBytes: 0, seconds, needsDeflate: false);
            });
        }
    }

    private static EchoScript Echo(byte[] message, bool isBinary, double seconds, Action<CaseScript, byte[]> send) => new(
        script =>
        {
            script.WeClose(1000);
            send(script, message);
            script.Peer.CloseAfter(seconds);
        },
        message,
        isBinary);

    private static string Kind(bool isBinary) => isBinary ? "binary" : "text";

    private static string Size(int bytes) =>
        bytes >= Mebi ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Mebi} MiB")
        : bytes >= Kibi ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Kibi} KiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
}
