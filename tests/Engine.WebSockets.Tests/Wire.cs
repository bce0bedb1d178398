using System.Buffers.Binary;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>Frames written by hand for tests, with none of the engine's own code: a frame that breaks any rule can be made.</summary>
internal static class Wire
{
    private static readonly byte[] Key = [0x37, 0xFA, 0x21, 0x3D];

    /// <summary>A masked frame, as a client sends it.</summary>
    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool fin = true, int rsv = 0, bool masked = true)
    {
        List<byte> frame = [(byte)((fin ? 0x80 : 0) | (rsv << 4) | opcode)];
        int maskBit = masked ? 0x80 : 0;
        if (payload.Length < 126)
        {
            frame.Add((byte)(maskBit | payload.Length));
        }
        else if (payload.Length < 65_536)
        {
            frame.AddRange([(byte)(maskBit | 126), (byte)(payload.Length >> 8), (byte)payload.Length]);
        }
        else
        {
            frame.Add((byte)(maskBit | 127));
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
            frame.AddRange(length);
        }

        if (!masked)
        {
            return [.. frame, .. payload];
        }

        frame.AddRange(Key);
        byte[] body = payload.ToArray();
        for (int i = 0; i < body.Length; i++)
        {
            body[i] ^= Key[i & 3];
        }

        return [.. frame, .. body];
    }

    public static byte[] Text(string text, bool fin = true) => Frame(1, Encoding.UTF8.GetBytes(text), fin);

    public static byte[] Close(int code, string reason = "") => Frame(8, [(byte)(code >> 8), (byte)code, .. Encoding.UTF8.GetBytes(reason)]);

    /// <summary>Frames of a server, read back: "1:hello", "10:", "8:1002 reason". Fails on a masked or torn frame.</summary>
    public static List<string> Read(ReadOnlySpan<byte> bytes)
    {
        List<string> frames = [];
        foreach ((int opcode, bool fin, bool rsv1, byte[] payload) in ReadFrames(bytes))
        {
            string shown = opcode == 8 && payload.Length >= 2
                ? $"{(payload[0] << 8) | payload[1]} {Encoding.UTF8.GetString(payload.AsSpan(2))}".TrimEnd()
                : Encoding.UTF8.GetString(payload);
            frames.Add($"{opcode}{(fin ? "" : "+")}{(rsv1 ? "z" : "")}:{shown}");
        }

        return frames;
    }

    public static List<(int Opcode, bool Fin, bool Rsv1, byte[] Payload)> ReadFrames(ReadOnlySpan<byte> bytes)
    {
        List<(int, bool, bool, byte[])> frames = [];
        while (!bytes.IsEmpty)
        {
            Assert.That(bytes[1] & 0x80, Is.Zero, "a server does not mask");
            int length = bytes[1] & 0x7F;
            int start = 2;
            if (length == 126)
            {
                length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
                start = 4;
            }
            else if (length == 127)
            {
                length = (int)BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
                start = 10;
            }

            frames.Add((bytes[0] & 0x0F, (bytes[0] & 0x80) != 0, (bytes[0] & 0x40) != 0, bytes.Slice(start, length).ToArray()));
            bytes = bytes[(start + length)..];
        }

        return frames;
    }
}
