using System.Collections.Frozen;

namespace Engine.StaticFiles;

/// <summary>Media types by a name's extension, in any case. What is not known is bytes, which no browser runs.</summary>
internal static class ContentTypes
{
    /// <summary>What is not known.</summary>
    public const string Bytes = "application/octet-stream";

    public static readonly FrozenDictionary<string, string> Known = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".htm"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".txt"] = "text/plain; charset=utf-8",
        [".md"] = "text/markdown; charset=utf-8",
        [".csv"] = "text/csv; charset=utf-8",
        [".vtt"] = "text/vtt; charset=utf-8",
        [".json"] = "application/json",
        [".map"] = "application/json",
        [".webmanifest"] = "application/manifest+json",
        [".xml"] = "application/xml",
        [".pdf"] = "application/pdf",
        [".wasm"] = "application/wasm",
        [".zip"] = "application/zip",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".gif"] = "image/gif",
        [".webp"] = "image/webp",
        [".avif"] = "image/avif",
        [".ico"] = "image/vnd.microsoft.icon",
        [".woff2"] = "font/woff2",
        [".woff"] = "font/woff",
        [".mp3"] = "audio/mpeg",
        [".ogg"] = "audio/ogg",
        [".mp4"] = "video/mp4",
        [".webm"] = "video/webm",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The built-in types, with those of the options before them.</summary>
    public static FrozenDictionary<string, string> With(IDictionary<string, string> own)
    {
        var types = new Dictionary<string, string>(Known, StringComparer.OrdinalIgnoreCase);
        foreach ((string extension, string type) in own)
        {
            types[extension] = type;
        }

        return types.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
