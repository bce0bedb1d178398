using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Engine;

/// <summary>Sending: tried at once; what the kernel has no room for becomes one asynchronous operation.</summary>
internal sealed partial class SocketTransportConnection
{
    /// <summary>Up to so many buffers the runtime gathers without allocating.</summary>
    private const int MaxGatheredCount = 8;

    public override int Flush(Segment head)
    {
        int taken = 0;
        Segment? segment = head;
        while (segment is not null && !_closing && !_failed)
        {
            int offered;
            int sent = segment.Next is null ? SendOne(segment, out offered) : SendGathered(segment, out offered);
            if (sent < 0)
            {
                return taken;
            }

            taken += sent;
            if (sent < offered)
            {
                break;
            }

            // Everything offered was taken: go on behind it.
            for (int passed = 0; passed < offered; segment = segment.Next)
            {
                passed += segment!.LengthBytes;
            }
        }

        if (segment is null || _closing || _failed)
        {
            return taken;
        }

        return taken + BeginSend(head, taken);
    }

    private int SendOne(Segment segment, out int offered)
    {
        ReadOnlySpan<byte> bytes = segment.PendingSpan;
        offered = bytes.Length;
        int sent = _socket.Send(bytes, SocketFlags.None, out SocketError error);
        return Judge(sent, error);
    }

    private int SendGathered(Segment first, out int offered)
    {
        List<ArraySegment<byte>> buffers = _transport.RentGatherList();
        offered = 0;
        for (Segment? segment = first; segment is not null && buffers.Count < MaxGatheredCount; segment = segment.Next)
        {
            if (!MemoryMarshal.TryGetArray(segment.Pending, out ArraySegment<byte> array))
            {
                break;
            }

            offered += array.Count;
            buffers.Add(array);
        }

        if (buffers.Count == 0)
        {
            _transport.ReturnGatherList(buffers);
            return SendOne(first, out offered);
        }

        int sent = _socket.Send(buffers, SocketFlags.None, out SocketError error);
        _transport.ReturnGatherList(buffers);
        return Judge(sent, error);
    }

    private int Judge(int sent, SocketError error)
    {
        switch (error)
        {
            case SocketError.Success:
                return sent;
            case SocketError.WouldBlock or SocketError.IOPending or SocketError.NoBufferSpaceAvailable:
                return 0;
            default:
                FailSoon(error);
                return -1;
        }
    }

    /// <summary>The kernel is full: hands the first segment that is left to it as an operation. Answers what was taken at once after all.</summary>
    private int BeginSend(Segment head, int skipBytes)
    {
        Segment segment = head;
        while (skipBytes >= segment.LengthBytes)
        {
            skipBytes -= segment.LengthBytes;
            segment = segment.Next!;
        }

        ReadOnlyMemory<byte> memory = segment.Pending[skipBytes..];
        PooledEventArgs args = _transport.Args.Get();
        args.Use(this, static state => ((SocketTransportConnection)state!).OnSent());
        args.SetBuffer(MemoryMarshal.AsMemory(memory));
        _sending = args;
        _inFlightBytes = memory.Length;
        try
        {
            if (!_socket.SendAsync(args))
            {
                // It completed after all. Answered as an event, so that the caller sees one kind of incomplete flush.
                _loop.Post(static state => ((SocketTransportConnection)state!).OnSent(), this);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            EndSend();
            FailSoon(SocketError.ConnectionReset);
        }

        return 0;
    }

    private void OnSent()
    {
        PooledEventArgs args = _sending!;
        int sent = args.BytesTransferred;
        SocketError error = args.SocketError;
        EndSend();
        if (_closing)
        {
            ReleaseWhenIdle();
        }
        else if (error == SocketError.Success)
        {
            Sink.OnFlushed(sent);
        }
        else
        {
            Fail(error);
        }
    }

    private void EndSend()
    {
        _transport.Args.Return(_sending!);
        _sending = null;
        _inFlightBytes = 0;
    }
}
