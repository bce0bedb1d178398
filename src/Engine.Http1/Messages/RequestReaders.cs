using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Engine.Http1;

/// <summary>Readers of what requests carry in their query, cookies and forms. They allocate only what they answer.</summary>
public static class RequestReaders
{
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>The first value of a query parameter, decoded; null when there is none, empty when it has no value.</summary>
    /// <exception cref="RequestFormatException">An escape is broken; the client gets 400 when the handler lets it pass.</exception>
    public static string? GetQueryValue(this HttpRequest request, string name)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Find(request.RawQuery, name);
    }

    /// <summary>All values of a query parameter, decoded, in their order; empty when there is none.</summary>
    /// <exception cref="RequestFormatException">An escape is broken; the client gets 400 when the handler lets it pass.</exception>
    public static IReadOnlyList<string> GetQueryValues(this HttpRequest request, string name)
    {
        ArgumentNullException.ThrowIfNull(request);
        List<string> values = [];
        Find(request.RawQuery, name, values);
        return values;
    }

    /// <summary>The value of a cookie as it came, quotes included (RFC 6265 §4.2); null when there is none.</summary>
    public static string? GetCookie(this HttpRequest request, string name)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Cookies[name];
    }

    /// <summary>Reads the whole body as an URL-encoded form; null when its Content-Type is another.</summary>
    /// <exception cref="RequestBodyException">The body could not be read, or is longer than <paramref name="maxBytes"/>.</exception>
    /// <exception cref="RequestFormatException">An escape is broken; the client gets 400 when the handler lets it pass.</exception>
    public static async ValueTask<FormFields?> ReadFormAsync(this HttpRequest request, int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        string type = request.Headers["Content-Type"] ?? "";
        if (!type.AsSpan().TrimEnd().StartsWith(FormType, StringComparison.OrdinalIgnoreCase) || (type.Length > FormType.Length && type[FormType.Length] is not (';' or ' ')))
        {
            return null;
        }

        return new FormFields(await request.ReadBytesAsync(maxBytes, cancellationToken));
    }

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="RequestBodyException">The body could not be read, or is longer than <paramref name="maxBytes"/>.</exception>
    public static async ValueTask<byte[]> ReadBytesAsync(this HttpRequest request, int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        while (true)
        {
            ReadResult result = await request.Body.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (buffer.Length > maxBytes)
            {
                throw new RequestBodyException("The body is longer than the handler takes.", 413);
            }

            if (result.IsCompleted)
            {
                byte[] bytes = buffer.ToArray();
                request.Body.AdvanceTo(buffer.End);
                return bytes;
            }

            request.Body.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Returns the first value, or null; with a list, adds all values to it instead.</summary>
    internal static string? Find(ReadOnlySpan<byte> pairs, string name, List<string>? all = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        byte[] rented = ArrayPool<byte>.Shared.Rent(pairs.Length + 1);
        try
        {
            foreach (Range range in pairs.Split((byte)'&'))
            {
                ReadOnlySpan<byte> pair = pairs[range];
                int equals = pair.IndexOf((byte)'=');
                ReadOnlySpan<byte> key = equals < 0 ? pair : pair[..equals];
                if (key.IsEmpty || Decode(key, rented) != name)
                {
                    continue;
                }

                string value = equals < 0 ? "" : Decode(pair[(equals + 1)..], rented);
                if (all is null)
                {
                    return value;
                }

                all.Add(value);
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static string Decode(ReadOnlySpan<byte> text, byte[] scratch)
    {
        int length = RequestTarget.DecodeComponent(text, scratch, plusIsSpace: true);
        return length < 0 ? throw new RequestFormatException("A percent escape is broken.") : Encoding.UTF8.GetString(scratch, 0, length);
    }
}

/// <summary>The fields of an URL-encoded form; a value is decoded when it is asked for.</summary>
public sealed class FormFields
{
    private readonly byte[] _pairs;

    internal FormFields(byte[] pairs) => _pairs = pairs;

    /// <summary>The first value of a field, decoded; null when there is none.</summary>
    /// <exception cref="RequestFormatException">An escape is broken; the client gets 400 when the handler lets it pass.</exception>
    public string? this[string name] => RequestReaders.Find(_pairs, name);
}
