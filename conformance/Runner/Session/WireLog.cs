using System.Globalization;
using System.Text;

namespace Conformance;

/// <summary>The last frames of a case in words, for the report of one that is not OK.</summary>
internal sealed class WireLog
{
    private const int MaxLines = 60;
    private const int MaxShownBytes = 32;

    private readonly List<string> _lines = [];
    private int _left;

    public IEnumerable<string> Lines => _left == 0 ? _lines : _lines.Append(string.Create(CultureInfo.InvariantCulture, $"... and {_left} lines more"));

    public void Note(string line)
    {
        if (_lines.Count < MaxLines)
        {
            _lines.Add(line);
        }
        else
        {
            _left++;
        }
    }

    public void Frame(bool isSent, byte opcode, bool isFinal, byte reserved, ReadOnlySpan<byte> payload)
    {
        if (_lines.Count >= MaxLines)
        {
            _left++;
            return;
        }

        Note(string.Create(CultureInfo.InvariantCulture, $"{(isSent ? ">>" : "<<")} opcode={opcode} fin={(isFinal ? 1 : 0)} rsv={reserved} length={payload.Length} {Shown(payload)}"));
    }

    /// <summary>Readable ASCII as it is, everything else as hexadecimal.</summary>
    public static string Shown(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return "";
        }

        ReadOnlySpan<byte> head = bytes[..Math.Min(bytes.Length, MaxShownBytes)];
        string shown = head.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? "0x" + Convert.ToHexStringLower(head) : Encoding.ASCII.GetString(head);
        return head.Length < bytes.Length ? shown + "..." : shown;
    }
}
