namespace Engine.StaticFiles;

/// <summary>Bytes of a file, the first and the last one included.</summary>
internal readonly record struct ByteRange(long First, long Last)
{
    public long LengthBytes => Last - First + 1;
}

/// <summary>What a Range field asks of a file.</summary>
internal enum RangeVerdict : byte
{
    /// <summary>
    /// Nothing that is served: another unit, broken, too many, or more bytes in all than the file has. The whole file is sent.
    /// </summary>
    Ignored = 0,

    /// <summary>Only what the file does not have: 416.</summary>
    Unsatisfiable = 1,

    /// <summary>Some bytes of it: 206.</summary>
    Satisfiable = 2,
}

/// <summary>Reads the Range field (RFC 9110 §14.1.2). Pure.</summary>
internal static class ByteRanges
{
    /// <param name="field">The field's value.</param>
    /// <param name="lengthBytes">The length of what is served.</param>
    /// <param name="maxRanges">More than these are ignored, as §14.2 suggests for abuse.</param>
    /// <param name="ranges">What can be served, in the order in which it was asked for.</param>
    public static RangeVerdict Parse(ReadOnlySpan<byte> field, long lengthBytes, int maxRanges, List<ByteRange> ranges)
    {
        ranges.Clear();
        ReadOnlySpan<byte> rest = field.Trim(" \t"u8);
        if (rest.Length < 6 || !System.Text.Ascii.EqualsIgnoreCase(rest[..6], "bytes="u8))
        {
            return RangeVerdict.Ignored;
        }

        int asked = 0;
        long total = 0;
        rest = rest[6..];
        foreach (Range part in rest.Split((byte)','))
        {
            ReadOnlySpan<byte> spec = rest[part].Trim(" \t"u8);
            if (spec.IsEmpty)
            {
                continue;
            }

            if (++asked > maxRanges || !TryParse(spec, lengthBytes, out ByteRange range))
            {
                return RangeVerdict.Ignored;
            }

            if (range.First <= range.Last)
            {
                ranges.Add(range);
                total += range.LengthBytes;
            }
        }

        if (asked == 0 || total > lengthBytes)
        {
            return RangeVerdict.Ignored;
        }

        return ranges.Count == 0 ? RangeVerdict.Unsatisfiable : RangeVerdict.Satisfiable;
    }

    /// <summary>One range; empty (first behind last) when the file has none of it. False when it is malformed.</summary>
    private static bool TryParse(ReadOnlySpan<byte> spec, long lengthBytes, out ByteRange range)
    {
        range = default;
        int dash = spec.IndexOf((byte)'-');
        if (dash < 0)
        {
            return false;
        }

        if (dash == 0)
        {
            if (!TryNumber(spec[1..], out long suffix))
            {
                return false;
            }

            range = new ByteRange(Math.Max(0, lengthBytes - suffix), lengthBytes - 1);
            return true;
        }

        if (!TryNumber(spec[..dash], out long first))
        {
            return false;
        }

        long last = long.MaxValue;
        if (dash < spec.Length - 1 && (!TryNumber(spec[(dash + 1)..], out last) || last < first))
        {
            return false;
        }

        range = new ByteRange(first, Math.Min(last, lengthBytes - 1));
        return true;
    }

    /// <summary>Digits only; a number beyond what a file can have is the largest.</summary>
    private static bool TryNumber(ReadOnlySpan<byte> digits, out long number)
    {
        number = 0;
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            number = number > (long.MaxValue - 9) / 10 ? long.MaxValue / 10 : (number * 10) + (digit - '0');
        }

        return !digits.IsEmpty;
    }
}
