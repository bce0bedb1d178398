using System.Security.Cryptography;

namespace Engine.WebSockets;

/// <summary>Masking keys that nobody can foresee (RFC 6455 §10.3), for one client's connection.</summary>
internal sealed class MaskKeys
{
    private const int BatchBytes = 256;

    private readonly byte[] _batch = new byte[BatchBytes];
    private int _usedBytes = BatchBytes;

    /// <summary>The next key. On the loop from a batch, since each call of the system's source has its price; elsewhere drawn alone, since the batch is the loop's.</summary>
    public uint Next(bool isOnLoop)
    {
        if (!isOnLoop)
        {
            Span<byte> drawn = stackalloc byte[sizeof(uint)];
            RandomNumberGenerator.Fill(drawn);
            return BitConverter.ToUInt32(drawn);
        }

        if (_usedBytes == BatchBytes)
        {
            RandomNumberGenerator.Fill(_batch);
            _usedBytes = 0;
        }

        uint key = BitConverter.ToUInt32(_batch, _usedBytes);
        _usedBytes += sizeof(uint);
        return key;
    }
}
