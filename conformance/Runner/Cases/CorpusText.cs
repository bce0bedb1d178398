using System.Globalization;
using System.Text;

namespace Conformance;

/// <summary>Texts with the redundancy of their kind, cut to an exact count of bytes.</summary>
internal static class CorpusText
{
    private static readonly string[] Words =
    [
        "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "mit", "auf", "für", "über", "Straße", "Häuser", "Größe", "Wasser", "Leitung", "Knoten", "senden", "warten",
        "Puffer", "leer", "voll", "Strom", "Uhr", "Takt", "immer", "wieder", "schließt", "öffnet", "Verbindung", "Nachricht", "kommt", "geht", "zurück", "durch", "ohne", "Grenze",
        "wächst", "fällt", "Menge", "Zahl", "früh", "spät", "Anfang", "Ende", "Brücke", "Faden", "läuft", "ruht",
    ];

    private static readonly string[] Fields = ["id", "name", "created", "tags", "score", "isActive", "address", "comment", "balance", "links"];

    public static byte[] Json(int lengthBytes)
    {
        CorpusRandom random = new(0x1CEB00DA);
        StringBuilder text = new("[");
        while (text.Length < lengthBytes)
        {
            text.Append(text.Length == 1 ? "{" : ",{");
            for (int i = 0; i < Fields.Length; i++)
            {
                string value = (i % 4) switch
                {
                    0 => random.Next(1_000_000).ToString(CultureInfo.InvariantCulture),
                    1 => $"\"{random.Pick(Words)} {random.Pick(Words)}\"",
                    2 => $"[\"{random.Pick(Words)}\",\"{random.Pick(Words)}\"]",
                    _ => random.Next(2) == 0 ? "true" : "null",
                };
                text.Append(i == 0 ? "" : ",").Append('"').Append(Fields[i]).Append("\":").Append(value);
            }

            text.Append("}\n");
        }

        return Cut(text, lengthBytes);
    }

    public static byte[] Html(int lengthBytes)
    {
        CorpusRandom random = new(0x0DDBA11);
        StringBuilder text = new("<!DOCTYPE html>\n<html lang=\"de\"><head><meta charset=\"utf-8\"><title>Bericht</title></head>\n<body>\n");
        while (text.Length < lengthBytes)
        {
            text.Append(CultureInfo.InvariantCulture, $"<div class=\"entry n{random.Next(40)}\"><h2 id=\"s{random.Next(100_000)}\">{random.Pick(Words)} {random.Pick(Words)}</h2>\n  <p>");
            AppendSentence(text, random);
            text.Append(CultureInfo.InvariantCulture, $"</p>\n  <a href=\"/page/{random.Next(10_000)}?from={random.Pick(Words)}\">{random.Pick(Words)}</a>\n</div>\n");
        }

        return Cut(text, lengthBytes);
    }

    public static byte[] Prose(int lengthBytes)
    {
        CorpusRandom random = new(0xFA057);
        StringBuilder text = new();
        while (text.Length < lengthBytes)
        {
            AppendSentence(text, random);
            text.Append(random.Next(6) == 0 ? "\r\n\r\n" : "\r\n");
        }

        return Cut(text, lengthBytes);
    }

    private static void AppendSentence(StringBuilder text, CorpusRandom random)
    {
        int count = 6 + random.Next(14);
        for (int i = 0; i < count; i++)
        {
            text.Append(i == 0 ? "" : random.Next(9) == 0 ? ", " : " ").Append(random.Pick(Words));
        }

        text.Append('.');
    }

    /// <summary>Exactly that many bytes, ending between two characters.</summary>
    private static byte[] Cut(StringBuilder text, int lengthBytes)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        int end = lengthBytes;
        while ((bytes[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return [.. bytes.AsSpan(0, end), .. Enumerable.Repeat((byte)' ', lengthBytes - end)];
    }
}
