using System.Collections.Frozen;

namespace StaticFiles;

/// <summary>Media types by a name's extension, in any case. What is not known is bytes, which no browser runs.</summary>
internal static class ContentTypes
{
    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".txt"] = "text/plain; charset=utf-8",
        [".md"] = "text/markdown; charset=utf-8",
        [".json"] = "application/json",
        [".map"] = "application/json",
        [".xml"] = "application/xml",
        [".pdf"] = "application/pdf",
        [".wasm"] = "application/wasm",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".gif"] = "image/gif",
        [".webp"] = "image/webp",
        [".ico"] = "image/vnd.microsoft.icon",
        [".woff2"] = "font/woff2",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static string Of(string name) => Types.GetValueOrDefault(Path.GetExtension(name), "application/octet-stream");
}
