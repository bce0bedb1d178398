using System.Buffers.Binary;
using System.Net.Sockets;

namespace Conformance;

/// <summary>
/// The fuzzer's end of one connection. It answers pings and closes as the RFC asks, tells its <see cref="CaseScript"/> what arrives, and remembers how the connection ended,
/// in the words by which the suite judges: who began to close, who dropped TCP, and whether the closing handshake was whole.
/// </summary>
/// <remarks>One loop a connection: receives, timers and the script's callbacks run one after the other.</remarks>
#pragma warning disable CA1001 // RunAsync makes the two compressors and disposes them; it runs once.
internal sealed partial class FuzzingPeer
#pragma warning restore CA1001
{
    private readonly Stream _stream;
    private readonly CaseScript _script;
    private readonly double _patience;
    private readonly SendLine _line;
    private readonly PeerTimers _timers = new();
    private readonly WireFrameReader _reader = new();
    private readonly byte[] _receiveBuffer = new byte[64 * 1024];

    /// <param name="stream">Connected, and secured where the case runs over TLS; the caller disposes it too.</param>
    /// <param name="role">The end to play.</param>
    /// <param name="script">The case.</param>
    /// <param name="patience">Every time limit is multiplied by this; 1 gives the suite's own.</param>
    public FuzzingPeer(Stream stream, PeerRole role, CaseScript script, double patience)
    {
        _stream = stream;
        Role = role;
        _script = script;
        _patience = patience;
        _line = new SendLine(stream);
        script.Peer = this;
    }

    public PeerRole Role { get; }

    public PeerState State { get; private set; }

    /// <summary>permessage-deflate as agreed, or null.</summary>
    public DeflateParameters? Deflate { get; private set; }

    public WireLog Log { get; } = new();

    public bool WasOpen { get; private set; }

    /// <summary>Our close frame was the first.</summary>
    public bool ClosedByMe { get; private set; }

    public bool FailedByMe { get; private set; }

    /// <summary>We ended TCP, because the peer did not in its time or because that is a server's part.</summary>
    public bool DroppedByMe { get; private set; }

    public bool WasClean { get; private set; }

    public string? NotCleanReason { get; private set; }

    public int? RemoteCloseCode { get; private set; }

    /// <summary>Frames sent, by opcode.</summary>
    public int[] SentFrameCounts { get; } = new int[16];

    /// <summary>Runs the case to the end of the connection.</summary>
    /// <param name="deflate">What the handshake agreed on.</param>
    /// <param name="early">Bytes that came with the handshake.</param>
    /// <param name="cancellationToken">Gives the case up.</param>
    public async Task RunAsync(DeflateParameters? deflate, ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        Deflate = deflate;
        _line.Start();
        State = PeerState.Open;
        WasOpen = true;
        if (deflate is not null)
        {
            bool isClient = Role == PeerRole.Client;
            _deflater = new MessageDeflater(isClient ? deflate.ClientWindowBits : deflate.ServerWindowBits, isClient ? deflate.ClientKeepsContext : deflate.ServerKeepsContext);
            _inflater = new MessageInflater(isClient ? deflate.ServerWindowBits : deflate.ClientWindowBits, isClient ? deflate.ServerKeepsContext : deflate.ClientKeepsContext);
        }

        try
        {
            _script.OnOpen();
            _line.EndTurn();
            Take(early.Span);
            await LoopAsync(cancellationToken);
        }
        finally
        {
            Task sent = _line.CompleteAsync();
            if (DroppedByMe && !_dropsAtOnce)
            {
                await Task.WhenAny(sent, Task.Delay(TimeSpan.FromSeconds(_patience), CancellationToken.None));
            }

            _stream.Close();
            await sent;
            _deflater?.Dispose();
            _inflater?.Dispose();
        }

        _script.OnConnectionLost();
    }

    /// <summary>The script goes on in that many seconds, unless the connection is gone.</summary>
    public void Later(double seconds, Action action) => _timers.Add(TimeSpan.FromSeconds(seconds * _patience), () =>
    {
        if (State != PeerState.Closed)
        {
            action();
        }
    });

    /// <summary>Sends a close frame without a code in that many seconds, if the case has not ended.</summary>
    public void CloseAfter(double seconds) => Later(seconds, () =>
    {
        Log.Note($"-- nothing more for {seconds} s: closing");
        SendClose();
    });

    /// <summary>Fails the connection in that many seconds, if the case has not ended.</summary>
    public void KillAfter(double seconds) => Later(seconds, () =>
    {
        Log.Note($"-- nothing more for {seconds} s: failing the connection");
        Fail(1001, "the case ran out of time");
    });

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        Task<int>? receiving = null;
        while (State != PeerState.Closed)
        {
            receiving ??= _stream.ReadAsync(_receiveBuffer, cancellationToken).AsTask();
            if (!receiving.IsCompleted)
            {
                _ = _timers.NextDue() is Task due ? await Task.WhenAny(receiving, due) : await Task.WhenAny(receiving);
            }

            if (receiving.IsCompleted)
            {
                int count = await CountAsync(receiving);
                receiving = null;
                if (count == 0)
                {
                    Lost();
                    break;
                }

                Take(_receiveBuffer.AsSpan(0, count));
            }

            while (State != PeerState.Closed && _timers.TryTakeDue(out Action? action))
            {
                action!();
            }

            _line.EndTurn();
        }

        // Nobody waits for it any more; closing the stream ends it.
        _ = receiving?.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task<int> CountAsync(Task<int> receiving)
    {
        try
        {
            return await receiving;
        }
        catch (IOException e)
        {
            Log.Note($"-- TCP: {(e.InnerException as SocketException)?.SocketErrorCode.ToString() ?? e.Message}");
            return 0;
        }
    }

    private void Lost()
    {
        Log.Note("-- TCP ended by the peer");
        if (!WasClean)
        {
            NotCleanReason ??= "the peer dropped TCP without a closing handshake";
        }

        State = PeerState.Closed;
    }

    private void Drop(bool atOnce)
    {
        if (State != PeerState.Closed)
        {
            Log.Note("-- TCP ended by the fuzzer");
            DroppedByMe = true;
            _dropsAtOnce = atOnce;
            State = PeerState.Closed;
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _reader.Append(bytes);
        while (State != PeerState.Closed && _reader.TryRead(out WireFrame frame))
        {
            Log.Frame(isSent: false, frame.Opcode, frame.IsFinal, frame.Reserved, frame.Payload.Span);
            OnFrame(frame);
        }
    }

    private void OnClose(ReadOnlySpan<byte> payload)
    {
        int? code = payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(payload) : null;
        RemoteCloseCode = code;
        if (code is int given && !IsCodeForTheWire(given))
        {
            Violate($"close code {given} does not belong on the wire");
            RemoteCloseCode = 1000;
        }

        if (payload.Length > 2 && !System.Text.Unicode.Utf8.IsValid(payload[2..]))
        {
            Fail(1007, "the close reason is not UTF-8");
        }

        if (State == PeerState.Closing)
        {
            WasClean = true;
            _isCloseAnswered = true;
        }
        else if (State == PeerState.Open)
        {
            WasClean = true;
            _isCloseAnswered = true;
            WriteClose(1000, [], isReply: true);
        }

        if (Role == PeerRole.Server)
        {
            Drop(atOnce: false);
        }
        else
        {
            // RFC 6455 §7.1.1: the server ends TCP first. If it does not, we do, and the close was not clean.
            Later(1, () =>
            {
                WasClean = false;
                NotCleanReason = "the server did not drop TCP in time";
                Drop(atOnce: true);
            });
        }
    }

    /// <summary>RFC 6455 §7.4: defined, registered or private, and not one of those that only an API reports.</summary>
    private static bool IsCodeForTheWire(int code) =>
        code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
}
