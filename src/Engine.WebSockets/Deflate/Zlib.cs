using System.Runtime.InteropServices;

namespace Engine.WebSockets;

/// <summary>
/// The zlib that the runtime itself carries for System.IO.Compression, called directly: its managed streams can neither flush to a byte boundary
/// without an end nor choose a window, and RFC 7692 needs both. Every native call of this package stands here.
/// </summary>
internal static unsafe partial class Zlib
{
    public const int NoFlush = 0;
    public const int SyncFlush = 2;
    public const int FullFlush = 3;

    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int BufferError = -5;

    /// <summary>The method's number in zlib's interface.</summary>
    private const int Deflated = 8;

    /// <summary>zlib's own default for the memory of its hash.</summary>
    private const int DefaultMemoryLevel = 8;

    private const int DefaultStrategy = 0;

    /// <summary>Found beside the runtime on every system, with or without the prefix of that system.</summary>
    private const string Library = "System.IO.Compression.Native";

    /// <summary>Negative window bits mean a raw stream, without zlib's own header.</summary>
    public static int DeflateInit(Stream* stream, int level, int windowBits)
        => DeflateInit2(stream, level, Deflated, -windowBits, DefaultMemoryLevel, DefaultStrategy);

    public static int InflateInit(Stream* stream, int windowBits) => InflateInit2(stream, -windowBits);

    public static int InflateReset(Stream* stream, int windowBits) => InflateReset2(stream, -windowBits);

    [LibraryImport(Library, EntryPoint = "CompressionNative_Deflate")]
    public static partial int Deflate(Stream* stream, int flush);

    [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateEnd")]
    public static partial int DeflateEnd(Stream* stream);

    [LibraryImport(Library, EntryPoint = "CompressionNative_Inflate")]
    public static partial int Inflate(Stream* stream, int flush);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateEnd")]
    public static partial int InflateEnd(Stream* stream);

    [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateInit2_")]
    private static partial int DeflateInit2(Stream* stream, int level, int method, int windowBits, int memoryLevel, int strategy);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateInit2_")]
    private static partial int InflateInit2(Stream* stream, int windowBits);

    [LibraryImport(Library, EntryPoint = "CompressionNative_InflateReset2_")]
    private static partial int InflateReset2(Stream* stream, int windowBits);

    /// <summary>What zlib and its caller share. The shim keeps zlib's own state behind <see cref="State"/>, so this may move between calls.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Stream
    {
        public byte* NextIn;
        public byte* NextOut;
        public byte* Message;
        public void* State;
        public uint AvailableIn;
        public uint AvailableOut;
    }
}
