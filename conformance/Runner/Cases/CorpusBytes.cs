using System.Globalization;
using System.Text;

namespace Conformance;

/// <summary>Bytes with the redundancy of their kind, of an exact count.</summary>
internal static class CorpusBytes
{
    private const int PictureWidth = 512;

    /// <summary>Soft shapes under the noise of a camera: compresses by a fifth or so.</summary>
    public static byte[] Picture(int lengthBytes)
    {
        CorpusRandom random = new(0x5EEDED);
        byte[] bytes = new byte[lengthBytes];
        "BM"u8.CopyTo(bytes);
        int header = lengthBytes - (PictureWidth * PictureWidth);
        for (int i = header; i < lengthBytes; i++)
        {
            int x = (i - header) % PictureWidth;
            int y = (i - header) / PictureWidth;
            double shade = 110 + (60 * Math.Sin(x / 70.0)) + (50 * Math.Cos((x + (2 * y)) / 90.0));
            bytes[i] = (byte)Math.Clamp((int)shade + random.Next(7), 0, 255);
        }

        return bytes;
    }

    /// <summary>Streams that are compressed already between lines of plain objects: hardly compresses at all.</summary>
    public static byte[] Pdf(int lengthBytes)
    {
        CorpusRandom random = new(0xADDE55);
        List<byte> bytes = [.. "%PDF-1.4\n"u8];
        for (int number = 1; bytes.Count < lengthBytes; number++)
        {
            int streamBytes = 2_000 + random.Next(12_000);
            bytes.AddRange(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number} 0 obj\n<< /Length {streamBytes} /Filter /FlateDecode >>\nstream\n")));
            for (int i = 0; i < streamBytes; i++)
            {
                bytes.Add((byte)random.Next(256));
            }

            bytes.AddRange("\nendstream\nendobj\n"u8);
        }

        return [.. bytes.Take(lengthBytes)];
    }
}
