using System.Globalization;
using System.Text;

namespace Engine.Http1;

/// <summary>The Date field (RFC 9110 §6.6.1), formatted once a second for a whole loop. Loop only.</summary>
internal sealed class DateHeader
{
    private readonly byte[] _line = new byte[37];
    private long _validUntilMilliseconds = long.MinValue;

    /// <summary>The field with its line end.</summary>
    public ReadOnlySpan<byte> Line(long nowMilliseconds)
    {
        if (nowMilliseconds >= _validUntilMilliseconds)
        {
            Format(nowMilliseconds);
        }

        return _line;
    }

    private void Format(long nowMilliseconds)
    {
        DateTime now = DateTime.UtcNow;
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Date: {now:R}\r\n"), _line);
        _validUntilMilliseconds = nowMilliseconds + 1000 - now.Millisecond;
    }
}
