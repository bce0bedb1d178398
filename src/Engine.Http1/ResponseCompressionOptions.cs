using System.IO.Compression;

namespace Engine.Http1;

/// <summary>Which responses are compressed, and how. Read once, when the middleware is made.</summary>
public sealed class ResponseCompressionOptions
{
    /// <summary>The codings that may be used; Brotli and gzip by default.</summary>
    public ContentCodings Codings { get; set; } = ContentCodings.Brotli | ContentCodings.Gzip;

    /// <summary>
    /// How hard to try; the fastest by default. <see cref="CompressionLevel.SmallestSize"/> costs a hundred times the CPU: compress such
    /// files once, beside their originals.
    /// </summary>
    public CompressionLevel Level { get; set; } = CompressionLevel.Fastest;

    /// <summary>
    /// Bytes from which a body of known length is worth it; 1,024 by default. A body that is flushed before its end has no known length and
    /// is compressed.
    /// </summary>
    public int MinLengthBytes { get; set; } = 1024;

    /// <summary>
    /// Media types that are compressed, as <c>type/subtype</c> or <c>type/*</c>. By default text of all kinds, JSON, XML, scripts, SVG and
    /// WebAssembly. <c>text/event-stream</c> is compressed only if it stands here itself, and then only where a handler writes and flushes
    /// the events: a stream that was started by <see cref="HttpResponse.StartStream"/>, as those of Engine.Sse are, never is.
    /// </summary>
    public ISet<string> MediaTypes { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "text/*", "application/json", "application/*+json", "application/javascript", "application/xml", "application/*+xml", "application/wasm",
        "image/svg+xml",
    };
}
