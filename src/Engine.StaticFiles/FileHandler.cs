using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Engine.Http1;
using Microsoft.Win32.SafeHandles;

namespace Engine.StaticFiles;

/// <summary>Answers a request for a file: finds it, judges conditions and ranges, and sends what is wanted.</summary>
internal sealed class FileHandler
{
    private const ContentCodings AllCodings = ContentCodings.Brotli | ContentCodings.Gzip;

    private readonly ServedFolder _folder;
    private readonly FrozenDictionary<string, string> _types;
    private readonly string? _indexFile;
    private readonly string _cacheControl;
    private readonly bool _hasVariants;
    private readonly int _maxRanges;
    private readonly Action<HttpContext, string>? _onServing;

    public FileHandler(string folder, StaticFileOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRanges, 1, nameof(options.MaxRanges));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxRanges, 1000, nameof(options.MaxRanges));
        ArgumentException.ThrowIfNullOrEmpty(options.CacheControl, nameof(options.CacheControl));
        _folder = new ServedFolder(folder, options.FollowSymbolicLinks);
        _types = ContentTypes.With(options.ContentTypes);
        _indexFile = options.IndexFile;
        _cacheControl = options.CacheControl;
        _hasVariants = options.Precompressed;
        _maxRanges = options.MaxRanges;
        _onServing = options.OnServing;
    }

    public async ValueTask RunAsync(HttpContext context)
    {
        string path = context.RouteParameters["path"] ?? "";
        bool isFolder = path.Length == 0 || path[^1] == '/';
        string name = isFolder ? path + _indexFile : path;
        FileInfo? file = isFolder && _indexFile is null ? null : _folder.Find(name);
        if (file is null)
        {
            await MissAsync(context, path, isFolder);
            return;
        }

        ContentCodings coding = ChooseVariant(context, file, out FileInfo served);
        using SafeFileHandle? handle = _folder.TryOpen(served);
        if (handle is null)
        {
            await MissAsync(context, path, isFolder: true);
            return;
        }

        // Both from what was opened: the name may lead to another file a moment later.
        long lengthBytes = RandomAccess.GetLength(handle);
        string variant = coding switch { ContentCodings.Brotli => "-br", ContentCodings.Gzip => "-gzip", _ => "" };
        var validators = new Validators(lengthBytes, File.GetLastWriteTimeUtc(handle), variant, DateTimeOffset.UtcNow);
        SetFields(context.Response, file.Name, coding, validators);
        _onServing?.Invoke(context, name);
        switch (validators.Judge(context.Request.Headers))
        {
            case ConditionVerdict.Known:
                context.Response.StatusCode = 304;
                context.Response.ContentType = null;
                break;
            case ConditionVerdict.Failed:
                context.Response.StatusCode = 412;
                context.Response.ContentType = null;
                await context.Response.WriteAsync("Precondition Failed\n");
                break;
            default:
                await SendAsync(context, handle, lengthBytes, validators);
                break;
        }
    }

    /// <summary>
    /// The coded variant that the client prefers among those that stand beside the file; the file itself when there is none.
    /// </summary>
    private ContentCodings ChooseVariant(HttpContext context, FileInfo file, out FileInfo served)
    {
        served = file;
        if (!_hasVariants)
        {
            return ContentCodings.None;
        }

        FileInfo? brotli = _folder.Beside(file, ".br");
        FileInfo? gzip = _folder.Beside(file, ".gz");
        if (brotli is null && gzip is null)
        {
            return ContentCodings.None;
        }

        context.Response.Headers.Append("Vary", "Accept-Encoding");
        ContentCodings available = (brotli is null ? AllCodings & ~ContentCodings.Brotli : AllCodings) & (gzip is null ? ~ContentCodings.Gzip : AllCodings);
        ContentCodings coding = context.Request.ChooseCoding(available);
        served = coding switch { ContentCodings.Brotli => brotli!, ContentCodings.Gzip => gzip!, _ => file };
        return coding;
    }

    private void SetFields(HttpResponse response, string name, ContentCodings coding, Validators validators)
    {
        response.ContentType = _types.GetValueOrDefault(Path.GetExtension(name), ContentTypes.Bytes);
        response.Headers.Set("ETag", validators.ETag);
        response.Headers.Set("Last-Modified", validators.LastModified);
        response.Headers.Set("Cache-Control", _cacheControl);
        response.Headers.Set("X-Content-Type-Options", "nosniff");
        response.Headers.Set("Accept-Ranges", "bytes");
        if (coding != ContentCodings.None)
        {
            response.Headers.Set("Content-Encoding", coding == ContentCodings.Brotli ? "br" : "gzip");
        }
    }

    private async ValueTask SendAsync(HttpContext context, SafeFileHandle handle, long lengthBytes, Validators validators)
    {
        // RFC 9110 §14.2: ranges are a matter of GET alone.
        HttpResponse response = context.Response;
        bool isGet = context.Request.RawMethod.SequenceEqual("GET"u8);
        var ranges = new List<ByteRange>();
        RangeVerdict verdict = RangeVerdict.Ignored;
        if (isGet && context.Request.Headers.TryGetBytes("Range", out ReadOnlySpan<byte> range) && validators.AllowRanges(context.Request.Headers))
        {
            verdict = ByteRanges.Parse(range, lengthBytes, _maxRanges, ranges);
        }

        if (verdict == RangeVerdict.Unsatisfiable)
        {
            response.StatusCode = 416;
            response.ContentType = null;
            response.Headers.Remove("Content-Encoding");
            response.Headers.Set("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes */{lengthBytes}"));
            await response.WriteAsync("Range Not Satisfiable\n");
        }
        else if (verdict == RangeVerdict.Ignored)
        {
            response.ContentLength = lengthBytes;
            if (isGet)
            {
                await FileSlice.CopyAsync(handle, new ByteRange(0, lengthBytes - 1), response);
            }
        }
        else if (ranges.Count == 1)
        {
            response.StatusCode = 206;
            response.Headers.Set("Content-Range", ContentRange(ranges[0], lengthBytes));
            response.ContentLength = ranges[0].LengthBytes;
            await FileSlice.CopyAsync(handle, ranges[0], response);
        }
        else
        {
            await SendPartsAsync(response, handle, lengthBytes, ranges);
        }
    }

    /// <summary>
    /// Several ranges are a body of parts (RFC 9110 §14.6). Its boundary cannot be foreseen, so that no file can hold it.
    /// </summary>
    private static async ValueTask SendPartsAsync(HttpResponse response, SafeFileHandle handle, long lengthBytes, List<ByteRange> ranges)
    {
        string boundary = Guid.NewGuid().ToString("N");
        byte[] end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        var heads = new List<byte[]>(ranges.Count);
        long total = end.Length;
        foreach (ByteRange range in ranges)
        {
            byte[] head = Encoding.Latin1.GetBytes(
                $"{(heads.Count == 0 ? "" : "\r\n")}--{boundary}\r\nContent-Type: {response.ContentType}\r\nContent-Range: {ContentRange(range, lengthBytes)}\r\n\r\n");
            heads.Add(head);
            total += head.Length + range.LengthBytes;
        }

        response.StatusCode = 206;
        response.ContentType = $"multipart/byteranges; boundary={boundary}";
        response.ContentLength = total;
        for (int i = 0; i < ranges.Count; i++)
        {
            await response.WriteAsync(heads[i]);
            if (!await FileSlice.CopyAsync(handle, ranges[i], response))
            {
                return;
            }
        }

        await response.WriteAsync(end);
    }

    private static string ContentRange(ByteRange range, long lengthBytes) => string.Create(CultureInfo.InvariantCulture, $"bytes {range.First}-{range.Last}/{lengthBytes}");

    private async ValueTask MissAsync(HttpContext context, string path, bool isFolder)
    {
        HttpResponse response = context.Response;
        bool hasIndex = !isFolder && _indexFile is not null && _folder.HasFolder(path) && _folder.Find($"{path}/{_indexFile}") is not null;
        if (hasIndex)
        {
            // Relative, and led by a dot, so that no name can pass for another site.
            string query = context.Request.Query;
            string last = path[(path.LastIndexOf('/') + 1)..];
            response.StatusCode = 301;
            response.Headers.Set("Location", $"./{Uri.EscapeDataString(last)}/{(query.Length == 0 ? "" : "?" + query)}");
            return;
        }

        response.StatusCode = 404;
        await response.WriteAsync("Not found\n");
    }
}
