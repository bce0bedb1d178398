using Engine.Http1;

namespace Engine.StaticFiles;

/// <summary>Serves the files of a folder.</summary>
public static class StaticFileRoutes
{
    /// <summary>
    /// Maps everything below <paramref name="prefix"/> to the files of a folder, for GET and HEAD: with validators (RFC 9110 §8.8),
    /// conditions (§13), ranges (§14), and compressed variants that stand beside a file. A file of any size is sent through one buffer.
    /// What is hidden, outside of the folder, or behind a link is 404.
    /// </summary>
    /// <param name="server">Not started yet.</param>
    /// <param name="prefix">Where the folder appears, such as <c>/assets</c>; <c>/</c> for the root.</param>
    /// <param name="folder">
    /// Must exist. What changes in it is served from then on. Replace files by renaming new ones over them, so that no client gets half of
    /// each.
    /// </param>
    /// <param name="options">Null is the defaults.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The prefix is taken, or the server has been started.</exception>
    public static HttpServer MapStaticFiles(this HttpServer server, string prefix, string folder, StaticFileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(folder);
        return server.MapGet($"{prefix.TrimEnd('/')}/{{*path}}", new FileHandler(folder, options ?? new StaticFileOptions()).RunAsync);
    }
}
