using System.Buffers;

namespace Engine;

/// <summary>The far end of an in-memory connection: what it sends arrives in pieces of its choosing, and it takes as much as it likes.</summary>
internal sealed class MemoryPeer
{
    private readonly ArrayBufferWriter<byte> _received = new();
    private readonly MemoryLoop _loop;

    public MemoryPeer(MemoryLoop loop)
    {
        _loop = loop;
        Server = new MemoryTransportConnection(this, loop);
    }

    /// <summary>The server's end.</summary>
    public MemoryTransportConnection Server { get; }

    /// <summary>Bytes that the peer's kernel still takes; none while it does not read. Set it to make pressure.</summary>
    public int RoomBytes { get; set; } = int.MaxValue;

    /// <summary>What the server's kernel would tell of this peer: how much it acknowledged. By default it tells nothing.</summary>
    public TcpInfo Info { get; set; }

    /// <summary>Whether the server's FIN arrived.</summary>
    public bool SawFin { get; set; }

    /// <summary>Whether the server reset the connection.</summary>
    public bool SawReset { get; set; }

    /// <summary>Whether the server's end is closed.</summary>
    public bool IsClosed { get; set; }

    /// <summary>How many sends of the server brought the bytes received so far.</summary>
    public int SendCount { get; set; }

    /// <summary>Everything received and not yet taken.</summary>
    public ReadOnlySpan<byte> Received => _received.WrittenSpan;

    /// <summary>Sends bytes in one piece.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        _loop.Raise(() => Server.Arrive(copy));
    }

    /// <summary>Sends bytes in pieces of so many each.</summary>
    public void SendInPieces(ReadOnlySpan<byte> bytes, int pieceBytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(pieceBytes, bytes.Length);
            Send(bytes[..count]);
            bytes = bytes[count..];
        }
    }

    /// <summary>Sends FIN.</summary>
    public void CloseSend() => _loop.Raise(Server.ArriveFin);

    /// <summary>Resets the connection.</summary>
    public void Reset() => _loop.Raise(() => Server.ArriveError(TransportFailure.Reset));

    /// <summary>Takes more bytes from now on: the server's writes make progress again.</summary>
    public void AddRoom(int bytes)
    {
        RoomBytes = (int)Math.Min((long)RoomBytes + bytes, int.MaxValue);
        _loop.Raise(Server.ArriveRoom);
    }

    /// <summary>Removes and answers everything received.</summary>
    public byte[] TakeReceived()
    {
        byte[] taken = _received.WrittenSpan.ToArray();
        _received.Clear();
        return taken;
    }

    /// <summary>Throws away everything received, and keeps its room for more.</summary>
    public void Forget() => _received.ResetWrittenCount();

    public int Take(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(bytes.Length, RoomBytes);
        _received.Write(bytes[..taken]);
        if (RoomBytes != int.MaxValue)
        {
            RoomBytes -= taken;
        }

        return taken;
    }
}
