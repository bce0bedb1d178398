using System.Globalization;
using System.Text;

namespace Engine.Backplane.Nats;

/// <summary>
/// Names of topics as subjects: what a subject may not hold, and a dot that would leave a level empty, stands as a percent sign and two hexadecimal digits a byte.
/// Pure.
/// </summary>
internal static class NatsSubjects
{
    public static string Of(string topic)
    {
        var subject = new StringBuilder(topic.Length + 8);
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < topic.Length; i++)
        {
            char character = topic[i];
            if (char.IsAsciiLetterOrDigit(character) || character is '-' or '_' || (character == '.' && IsInside(topic, i, subject)))
            {
                subject.Append(character);
                continue;
            }

            Rune.DecodeFromUtf16(topic.AsSpan(i), out Rune rune, out int consumed);
            int length = rune.EncodeToUtf8(bytes);
            foreach (byte octet in bytes[..length])
            {
                subject.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }

            i += consumed - 1;
        }

        return subject.ToString();
    }

    private static bool IsInside(string topic, int index, StringBuilder subject)
        => index > 0 && index < topic.Length - 1 && subject[^1] != '.' && topic[index + 1] != '.';
}
