namespace Demo;

/// <summary>The page, from the program's own file.</summary>
internal static class Page
{
    public static byte[] Load()
    {
        using Stream stream = typeof(Page).Assembly.GetManifestResourceStream("page.html")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
