using System.Buffers;
using Engine.Http1;
using Microsoft.Win32.SafeHandles;

namespace Engine.StaticFiles;

/// <summary>
/// Sends bytes of a file through one buffer, whatever their number: a write completes when the connection has room again.
/// </summary>
internal static class FileSlice
{
    private const int BufferBytes = 65_536;

    /// <summary>
    /// False when the file became shorter meanwhile: the length has been promised, so that the connection has to end before it. What was
    /// added to the file is left out.
    /// </summary>
    public static async ValueTask<bool> CopyAsync(SafeFileHandle file, ByteRange range, HttpResponse response)
    {
        if (range.LengthBytes <= 0)
        {
            return true;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferBytes, range.LengthBytes));
        try
        {
            for (long offset = range.First; offset <= range.Last;)
            {
                int count = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, range.Last - offset + 1)), offset);
                if (count == 0)
                {
                    return false;
                }

                await response.WriteAsync(buffer.AsMemory(0, count));
                offset += count;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
