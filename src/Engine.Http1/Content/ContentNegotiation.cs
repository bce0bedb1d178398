using System.Text;

namespace Engine.Http1;

/// <summary>What a client would rather have.</summary>
public static class ContentNegotiation
{
    /// <summary>
    /// Returns the coding that the client prefers by the weights of its Accept-Encoding (RFC 9110 §12.5.3); of equal ones Brotli goes
    /// before gzip. A response that depends on it says <c>Vary: Accept-Encoding</c>, whatever the outcome. Allocates nothing.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="available">The codings that the server could send.</param>
    /// <returns>
    /// One of <paramref name="available"/>; none when the client takes none of them, says nothing, or prefers bytes as they are.
    /// </returns>
    public static ContentCodings ChooseCoding(this HttpRequest request, ContentCodings available)
    {
        ArgumentNullException.ThrowIfNull(request);
        var weights = new Weights();
        RequestHeaders headers = request.Headers;
        for (int i = 0; i < headers.Count; i++)
        {
            if (Ascii.EqualsIgnoreCase(headers.NameAt(i), "Accept-Encoding"u8))
            {
                weights.Read(headers.ValueAt(i));
            }
        }

        return weights.Choose(available);
    }

    /// <summary>A qvalue in thousandths (RFC 9110 §12.4.2); -1 when it is none.</summary>
    internal static int ReadWeight(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > 5 || text[0] is not ((byte)'0' or (byte)'1') || (text.Length > 1 && text[1] != '.'))
        {
            return -1;
        }

        int weight = (text[0] - '0') * 1000;
        int step = 100;
        for (int i = 2; i < text.Length; i++, step /= 10)
        {
            if (!char.IsAsciiDigit((char)text[i]))
            {
                return -1;
            }

            weight += (text[i] - '0') * step;
        }

        return weight <= 1000 ? weight : -1;
    }

    /// <summary>The weights of an Accept-Encoding field, in thousandths; -1 for what is not listed.</summary>
    internal ref struct Weights
    {
        private int _gzip = -1;
        private int _brotli = -1;
        private int _identity = -1;
        private int _rest = -1;

        public Weights()
        {
        }

        public void Read(ReadOnlySpan<byte> field)
        {
            foreach (Range range in field.Split((byte)','))
            {
                ReadOnlySpan<byte> item = field[range];
                MediaType coding = MediaType.Parse(item);
                int weight = 1000;
                var parameters = new ParameterReader(coding.Parameters);
                while (parameters.TryRead())
                {
                    if (parameters.IsNamed("q"u8))
                    {
                        weight = ReadWeight(parameters.Value);
                    }
                }

                if (parameters.IsBroken || weight < 0)
                {
                    continue;
                }

                if (coding.Is("gzip"u8) || coding.Is("x-gzip"u8))
                {
                    _gzip = weight;
                }
                else if (coding.Is("br"u8))
                {
                    _brotli = weight;
                }
                else if (coding.Is("identity"u8))
                {
                    _identity = weight;
                }
                else if (coding.Is("*"u8))
                {
                    _rest = weight;
                }
            }
        }

        public readonly ContentCodings Choose(ContentCodings available)
        {
            int brotli = (available & ContentCodings.Brotli) == 0 ? 0 : _brotli >= 0 ? _brotli : _rest;
            int gzip = (available & ContentCodings.Gzip) == 0 ? 0 : _gzip >= 0 ? _gzip : _rest;
            int best = Math.Max(brotli, gzip);
            if (best <= 0 || best < _identity)
            {
                return ContentCodings.None;
            }

            return brotli == best ? ContentCodings.Brotli : ContentCodings.Gzip;
        }
    }
}
