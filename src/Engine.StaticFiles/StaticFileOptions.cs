using Engine.Http1;

namespace Engine.StaticFiles;

/// <summary>How the files of a folder are served. Read once, when the folder is mapped.</summary>
public sealed class StaticFileOptions
{
    /// <summary>
    /// The file that stands for a folder whose path ends in a slash; "index.html" by default, null for none. Without the slash the client
    /// is sent to it (301).
    /// </summary>
    public string? IndexFile { get; set; } = "index.html";

    /// <summary>
    /// The Cache-Control field; "no-cache" by default: clients keep files but ask each time whether they have changed. Files whose names
    /// change with their content can be kept: "public, max-age=31536000, immutable".
    /// </summary>
    public string CacheControl { get; set; } = "no-cache";

    /// <summary>
    /// Whether <c>name.br</c> and <c>name.gz</c> beside a file, not older than it, are sent in its place to clients that take them. True by
    /// default.
    /// </summary>
    public bool Precompressed { get; set; } = true;

    /// <summary>
    /// Whether symbolic links below the folder are followed; false by default: they look like files that are not there. Turn it on only
    /// where whoever can make links may publish everything that the process can read.
    /// </summary>
    public bool FollowSymbolicLinks { get; set; }

    /// <summary>
    /// Ranges of one request that are served; 16 by default. A request for more gets the whole file. Each costs some 100 bytes of framing.
    /// </summary>
    public int MaxRanges { get; set; } = 16;

    /// <summary>
    /// Media types by extension (".md"), beside and before the built-in ones. What neither knows is application/octet-stream.
    /// </summary>
    public IDictionary<string, string> ContentTypes { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Called for each file that is there, with its path below the folder, before the response starts: the place to add or change fields.
    /// </summary>
    public Action<HttpContext, string>? OnServing { get; set; }
}
