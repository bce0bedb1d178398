namespace Engine;

/// <summary>
/// Where a connection stands, why it ends, and what its end needs next. Any thread may ask for a close or a reset; all else is the loop's. A mutable field of
/// its connection.
/// <code>
///               AskSendClose   AskClose   AskReset       PeerEnded   Next, drained             Next, not drained   FinSent     TryRelease   TryEnd
///   Open        SendClosed     Closing    Closing +rst   (noted)     Wait                      Wait                -           Releasing    Closed
///   SendClosed  -              Closing    Closing +rst   (noted)     SendFin once              Wait                (noted)     Releasing    Closed
///   Closing     -              -          +rst           (noted)     SendFin, or Release       Wait                Lingering   Releasing    Closed
///                                                                    when the peer has ended
///   Lingering   -              -          +rst           (noted)     Wait, or Release          as drained          -           Releasing    Closed
///   Releasing   -              -          -              -           Wait                      Wait                -           no           Closed
///   Closed      -              -          -              -           Wait                      Wait                -           no           no
/// </code>
/// A reset that was asked for makes the next step <see cref="CloseStep.Reset"/> up to Lingering.
/// </summary>
internal struct ConnectionLifecycle
{
    private byte _state;
    private byte _reason;
    private bool _isResetAsked;

    /// <summary>Any thread.</summary>
    public readonly ConnectionState State => (ConnectionState)Volatile.Read(in _state);

    /// <summary>Why it ends; None while it does not. Any thread.</summary>
    public readonly CloseReason Reason => (CloseReason)Volatile.Read(in _reason);

    /// <summary>Whether the peer has sent FIN. Loop only.</summary>
    public bool IsPeerEnded { get; private set; }

    /// <summary>Whether FIN has been sent. Loop only.</summary>
    public bool IsFinSent { get; private set; }

    /// <summary>From now on sends are refused. Returns whether this was the first to say so, whose reason holds. Any thread.</summary>
    public bool AskClose(CloseReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, (byte)reason, (byte)CloseReason.None) != (byte)CloseReason.None)
        {
            return false;
        }

        // Two steps, because the sending side may have been closed first. Nothing leads back to Open.
        if (Interlocked.CompareExchange(ref _state, (byte)ConnectionState.Closing, (byte)ConnectionState.Open) == (byte)ConnectionState.SendClosed)
        {
            Interlocked.CompareExchange(ref _state, (byte)ConnectionState.Closing, (byte)ConnectionState.SendClosed);
        }

        return true;
    }

    /// <summary>From now on sends are refused, and the peer is still heard. Returns whether that is news. Any thread.</summary>
    public bool AskSendClose()
        => Interlocked.CompareExchange(ref _state, (byte)ConnectionState.SendClosed, (byte)ConnectionState.Open) == (byte)ConnectionState.Open;

    /// <summary>The same, and what was accepted need not leave: a close under way is cut short. Any thread.</summary>
    public void AskReset(CloseReason reason)
    {
        AskClose(reason);
        Volatile.Write(ref _isResetAsked, true);
    }

    /// <summary>The peer has sent FIN. Returns whether that is news.</summary>
    public bool PeerEnded()
    {
        bool isNews = !IsPeerEnded;
        IsPeerEnded = true;
        return isNews;
    }

    /// <summary>What the end needs next. Asked at the end of each turn in which the connection is not open.</summary>
    /// <param name="isDrained">Whether everything that was accepted has been handed to the kernel.</param>
    public readonly CloseStep Next(bool isDrained)
    {
        switch (State)
        {
            case ConnectionState.Closing or ConnectionState.Lingering when Volatile.Read(in _isResetAsked):
                return CloseStep.Reset;
            case ConnectionState.SendClosed when isDrained && !IsFinSent:
                return CloseStep.SendFin;
            case ConnectionState.Closing when isDrained:
                return IsPeerEnded ? CloseStep.Release : CloseStep.SendFin;
            case ConnectionState.Lingering when IsPeerEnded:
                return CloseStep.Release;
            default:
                return CloseStep.Wait;
        }
    }

    /// <summary>FIN has been sent. A connection that closes waits for the peer's now.</summary>
    public void FinSent()
    {
        IsFinSent = true;
        if (State == ConnectionState.Closing)
        {
            Volatile.Write(ref _state, (byte)ConnectionState.Lingering);
        }
    }

    /// <summary>Returns true once: the transport is to be told to close.</summary>
    public bool TryRelease()
    {
        if (State >= ConnectionState.Releasing)
        {
            return false;
        }

        Volatile.Write(ref _state, (byte)ConnectionState.Releasing);
        return true;
    }

    /// <summary>Returns true once: the transport has let go, and everything is given back.</summary>
    public bool TryEnd()
    {
        if (State == ConnectionState.Closed)
        {
            return false;
        }

        Volatile.Write(ref _state, (byte)ConnectionState.Closed);
        return true;
    }
}

/// <summary>The next step of a connection's end.</summary>
internal enum CloseStep : byte
{
    /// <summary>Nothing until something else happens.</summary>
    Wait = 0,

    /// <summary>Everything has left: FIN goes out, and the peer's is waited for.</summary>
    SendFin = 1,

    /// <summary>Both directions have ended: the transport closes quietly.</summary>
    Release = 2,

    /// <summary>The transport closes with a reset.</summary>
    Reset = 3,
}
