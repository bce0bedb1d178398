using System.Buffers;

namespace Engine;

/// <summary>One half of a splice: what its connection receives goes into the other connection's queue. Loop only.</summary>
internal sealed class SpliceProtocol(Connection other) : ConnectionProtocol
{
    protected internal override void OnStarted(Connection connection)
    {
        if (connection.IsReceivePaused)
        {
            connection.ResumeReceive();
        }
    }

    protected internal override int OnReceived(Connection connection, Span<byte> bytes)
    {
        if (!other.IsOpen)
        {
            // Its end has been passed on, or is about to be; nobody is left to read this.
            return bytes.Length;
        }

        other.Output.Write(bytes);
        if (!other.FlushOutput())
        {
            // Pressure: the sender waits until the other side's queue is low. At most one read goes above its mark.
            connection.PauseReceive();
        }

        return bytes.Length;
    }

    /// <summary>This side has room again, so the other may be read.</summary>
    protected internal override void OnDrained(Connection connection)
    {
        if (other.IsReceivePaused)
        {
            other.ResumeReceive();
        }
    }

    /// <summary>One direction is over: what was received goes out, then FIN. When both are, so are the connections.</summary>
    protected internal override void OnPeerClosed(Connection connection)
    {
        other.CloseSend();
        if (other.IsPeerClosed)
        {
            connection.Close(CloseReason.PeerClosed);
            other.Close(CloseReason.PeerClosed);
        }
    }

    /// <summary>Bytes are under way whose meaning is not known here: the two ends decide when they are done, or the stop's patience does.</summary>
    protected internal override void OnStopping(Connection connection)
    {
    }

    protected internal override void OnClosed(Connection connection, CloseReason reason)
    {
        switch (reason)
        {
            case CloseReason.Completed or CloseReason.PeerClosed or CloseReason.ServerStopping:
                other.Close(reason);
                break;
            default:
                // A reset is passed on as a reset: a stream that was cut must not look as if it had ended.
                other.Abort(reason);
                break;
        }
    }
}
