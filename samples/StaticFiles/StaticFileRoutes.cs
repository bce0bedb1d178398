using System.Buffers;
using Engine.Http1;
using Microsoft.Win32.SafeHandles;

namespace StaticFiles;

/// <summary>Serves the files of a folder, for the pages of the samples: whole files over GET and HEAD, with validators, without ranges.</summary>
public static class StaticFileRoutes
{
    private const int BufferBytes = 65_536;

    /// <summary>Maps everything below <paramref name="prefix"/> to the files of a folder; a path that ends in a slash is its index.html.</summary>
    /// <param name="server">Not started yet.</param>
    /// <param name="prefix">Where the folder appears, such as <c>/assets</c>; <c>/</c> for the root.</param>
    /// <param name="folder">Must exist. What changes in it is served from then on.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static HttpServer MapStaticFiles(this HttpServer server, string prefix, string folder)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(prefix);
        var served = new ServedFolder(folder);
        return server.MapGet($"{prefix.TrimEnd('/')}/{{*path}}", context => SendAsync(context, served));
    }

    private static async ValueTask SendAsync(HttpContext context, ServedFolder folder)
    {
        HttpResponse response = context.Response;
        using SafeFileHandle? file = folder.TryOpen(context.RouteParameters["path"] ?? "", out string name);
        if (file is null)
        {
            response.StatusCode = 404;
            await response.WriteAsync("Not found\n");
            return;
        }

        // Both from what was opened: the name may lead to another file a moment later.
        long lengthBytes = RandomAccess.GetLength(file);
        var validators = new Validators(lengthBytes, File.GetLastWriteTimeUtc(file));
        response.Headers.Set("ETag", validators.ETag);
        response.Headers.Set("Last-Modified", validators.LastModified);
        response.Headers.Set("Cache-Control", "no-cache");
        if (validators.AreKnownTo(context.Request.Headers))
        {
            response.StatusCode = 304;
            return;
        }

        response.ContentType = ContentTypes.Of(name);
        response.Headers.Set("X-Content-Type-Options", "nosniff");
        response.ContentLength = lengthBytes;
        if (context.Request.Method != "HEAD")
        {
            await CopyAsync(file, lengthBytes, response);
        }
    }

    /// <summary>
    /// One buffer, whatever the file's size: a write completes when the connection has room again. A file that became shorter meanwhile ends the connection, because
    /// its length has been promised; what was added to it is left out.
    /// </summary>
    private static async ValueTask CopyAsync(SafeFileHandle file, long lengthBytes, HttpResponse response)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (long offset = 0; offset < lengthBytes;)
            {
                int count = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(BufferBytes, lengthBytes - offset)), offset);
                if (count == 0)
                {
                    return;
                }

                await response.WriteAsync(buffer.AsMemory(0, count));
                offset += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
