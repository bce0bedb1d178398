using System.Text;

namespace Engine.Http1;

/// <summary>
/// One part of a form. Its content is read from the request while it comes in, so it can be read once, until the next part is asked for.
/// </summary>
public sealed class MultipartPart
{
    private readonly MultipartReader _reader;
    private readonly List<KeyValuePair<string, string>> _fields;
    private PartStream? _body;

    private MultipartPart(MultipartReader reader, List<KeyValuePair<string, string>> fields, string name, string? fileName)
    {
        _reader = reader;
        _fields = fields;
        Name = name;
        FileName = fileName;
    }

    /// <summary>The name of the form's field. Several parts may share it.</summary>
    public string Name { get; }

    /// <summary>
    /// The name of the file as the client says it; null for a field that is no file. Never use it as a path: it may hold separators, "..",
    /// or a device's name.
    /// </summary>
    public string? FileName { get; }

    /// <summary>The part's Content-Type as it came; null when it has none, which means text.</summary>
    public string? ContentType => this["Content-Type"];

    /// <summary>The first value of a field of the part's header, read as UTF-8, in any case; null when there is none.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (KeyValuePair<string, string> field in _fields)
            {
                if (field.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return field.Value;
                }
            }

            return null;
        }
    }

    /// <summary>
    /// The content. Reads are asynchronous only, and throw <see cref="RequestBodyException"/> as those of the request's body do.
    /// </summary>
    public Stream Body => _body ??= new PartStream(this);

    /// <summary>Reads content; 0 at its end.</summary>
    /// <exception cref="RequestBodyException">The body ends before the part does, passes a limit, or could not be read.</exception>
    /// <exception cref="ObjectDisposedException">The next part has been asked for.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
        => _reader.ReadContentAsync(this, destination, cancellationToken);

    /// <summary>Reads the whole content.</summary>
    /// <param name="maxBytes">Past it the exception's status is 413; 1 MiB by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RequestBodyException">
    /// As for <see cref="ReadAsync"/>, or the content is longer than <paramref name="maxBytes"/>.
    /// </exception>
    public async ValueTask<byte[]> ReadBytesAsync(int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        byte[] bytes = new byte[Math.Min(maxBytes, 4096) + 1];
        int length = 0;
        while (await ReadAsync(bytes.AsMemory(length), cancellationToken) is > 0 and var count)
        {
            length += count;
            if (length > maxBytes)
            {
                throw new RequestBodyException("A part is longer than the handler takes.", 413);
            }

            if (length == bytes.Length)
            {
                Array.Resize(ref bytes, (int)Math.Min((long)maxBytes + 1, bytes.Length * 2L));
            }
        }

        return bytes[..length];
    }

    /// <summary>Reads the whole content as UTF-8 text, as browsers send it.</summary>
    /// <param name="maxBytes">Past it the exception's status is 413; 1 MiB by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RequestBodyException">As for <see cref="ReadBytesAsync"/>.</exception>
    public async ValueTask<string> ReadTextAsync(int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
        => Encoding.UTF8.GetString(await ReadBytesAsync(maxBytes, cancellationToken));

    /// <summary>
    /// The part of a header, which begins and ends with a line end; null when it is malformed or names no field of a form (RFC 7578 §4.2).
    /// </summary>
    internal static MultipartPart? Parse(MultipartReader reader, ReadOnlySpan<byte> header)
    {
        var fields = new List<KeyValuePair<string, string>>();
        string? name = null;
        string? fileName = null;
        ReadOnlySpan<byte> rest = header[2..];
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf("\r\n"u8);
            ReadOnlySpan<byte> line = rest[..end];
            rest = rest[(end + 2)..];
            int colon = line.IndexOf((byte)':');
            if (colon <= 0 || line[..colon].ContainsAnyExcept(HttpCharacters.Token) || line.ContainsAny(HttpCharacters.NotInFieldValue))
            {
                return null;
            }

            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
            if (Ascii.EqualsIgnoreCase(line[..colon], "Content-Disposition"u8) && (name is not null || !TryReadDisposition(value, out name, out fileName)))
            {
                return null;
            }

            fields.Add(new(Encoding.ASCII.GetString(line[..colon]), Encoding.UTF8.GetString(value)));
        }

        return name is null ? null : new MultipartPart(reader, fields, name, fileName);
    }

    private static bool TryReadDisposition(ReadOnlySpan<byte> value, out string? name, out string? fileName)
    {
        name = fileName = null;
        MediaType disposition = MediaType.Parse(value);
        var parameters = new ParameterReader(disposition.Parameters);
        while (parameters.TryRead())
        {
            if (parameters.IsNamed("name"u8))
            {
                name ??= Text(parameters);
            }
            else if (parameters.IsNamed("filename"u8))
            {
                fileName ??= Text(parameters);
            }
        }

        return disposition.Is("form-data"u8) && !parameters.IsBroken && name is not null;
    }

    /// <summary>
    /// Browsers escape these three characters, and only these, as in URLs (WHATWG HTML, multipart form data); others use backslashes.
    /// </summary>
    private static string Text(in ParameterReader parameter)
        => parameter.Text(Encoding.UTF8)
            .Replace("%22", "\"", StringComparison.Ordinal)
            .Replace("%0D", "\r", StringComparison.OrdinalIgnoreCase)
            .Replace("%0A", "\n", StringComparison.OrdinalIgnoreCase);

    private sealed class PartStream(MultipartPart part) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => part.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            ValidateBufferArguments(buffer, offset, count);
            return part.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
        }

        public override int Read(byte[] buffer, int offset, int count)
            => throw new NotSupportedException("A part is read asynchronously: waiting for it would block the event loop.");

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
