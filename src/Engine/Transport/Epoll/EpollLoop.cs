using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Engine;

/// <summary>
/// A loop over the kernel's readiness queue. A descriptor is added once, edge triggered, for its whole life: reading goes on until the kernel has no
/// more, so no call is spent on changing what is watched.
/// </summary>
internal sealed unsafe class EpollLoop : EventLoop
{
    /// <summary>What one read takes at most: it bounds how long one busy peer keeps the others waiting.</summary>
    public const int ScratchBytes = 65_536;

    private const int MaxEvents = 512;

    /// <summary>Event data: a connection's slot below its generation. No slot reaches these two.</summary>
    private const uint WakeSlot = uint.MaxValue;
    private const uint FirstListenerSlot = 0x8000_0000;

    private SafeFileHandle? _epoll;
    private SafeFileHandle? _wake;
    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);
    private readonly byte[] _events = GC.AllocateUninitializedArray<byte>(MaxEvents * EpollEvents.Stride, pinned: true);
    private readonly List<EpollListener> _listeners = [];
    private EpollTransportConnection?[] _connections = [];
    private List<EpollTransportConnection> _again = [];
    private List<EpollTransportConnection> _againSpare = [];
    private int* _errno;

    public EpollLoop(int index)
        : base(index)
    {
        Scratch = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_scratch, 0);
    }

    /// <summary>The receive buffer of whichever connection reads right now: a connection owns none.</summary>
    public byte* Scratch { get; }

    /// <summary>The last error of a call on this thread.</summary>
    public int Errno => *_errno;

    /// <summary>Vectors and pins of the send that is being put together.</summary>
    public GatherList Gather { get; } = new();

    private int Epoll => Descriptor(_epoll!);

    /// <summary>Begins to watch a connection, for its whole life. False when the kernel refused. Loop only.</summary>
    public bool Add(EpollTransportConnection connection, int descriptor, ConnectionId id)
    {
        if (id.SlotIndex >= _connections.Length)
        {
            Array.Resize(ref _connections, Math.Max(64, Math.Max(id.SlotIndex + 1, _connections.Length * 2)));
        }

        _connections[id.SlotIndex] = connection;
        const uint Everything = EpollEvents.In | EpollEvents.Urgent | EpollEvents.Out | EpollEvents.PeerShutdown | EpollEvents.EdgeTriggered;
        return EpollEvents.Control(Epoll, Libc.ControlAdd, descriptor, Everything, ((ulong)id.Generation << 32) | (uint)id.SlotIndex);
    }

    /// <summary>Its events resolve to nothing from now on. Closing the descriptor removes it from the kernel's side. Loop only.</summary>
    public void Remove(ConnectionId id) => _connections[id.SlotIndex] = null;

    /// <summary>Reads from the connection in the next turn, whether or not the kernel says more. Loop only.</summary>
    public void ReadAgain(EpollTransportConnection connection) => _again.Add(connection);

    /// <summary>Begins to watch a listener, level triggered: what one turn does not accept, the next will. Loop only.</summary>
    public bool Add(EpollListener listener, int descriptor)
    {
        _listeners.Add(listener);
        return EpollEvents.Control(Epoll, Libc.ControlAdd, descriptor, EpollEvents.In, FirstListenerSlot + (uint)_listeners.Count - 1);
    }

    /// <summary>Stops or goes on watching a listener without forgetting it. Loop only.</summary>
    public void Watch(EpollListener listener, int descriptor, bool isWatched)
    {
        ulong data = FirstListenerSlot + (ulong)_listeners.IndexOf(listener);
        EpollEvents.Control(Epoll, Libc.ControlModify, descriptor, isWatched ? EpollEvents.In : 0, data);
    }

    protected override bool Poll(int timeoutMilliseconds)
    {
        if (_errno is null)
        {
            _errno = Libc.ErrnoLocation();
        }

        byte* events = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_events, 0);
        int count = timeoutMilliseconds == 0 || _again.Count > 0
            ? Libc.EpollPoll(Epoll, events, MaxEvents)
            : Libc.EpollWait(Epoll, events, MaxEvents, timeoutMilliseconds);
        BeginTurn();
        for (int i = 0; i < count; i++)
        {
            Raise(EpollEvents.Data(events, i), EpollEvents.Flags(events, i));
            RestoreThread();
        }

        if (_again.Count > 0)
        {
            RaiseAgain();
        }

        return count == MaxEvents || _again.Count > 0;
    }

    protected override void OpenBackEnd()
    {
        _epoll = Own(Libc.CreateEpoll());
        _wake = Own(Libc.CreateEvent());

        // Edge triggered, so that nobody ever has to read the counter: each write is an edge of its own.
        EpollEvents.Control(Epoll, Libc.ControlAdd, Descriptor(_wake), EpollEvents.In | EpollEvents.EdgeTriggered, WakeSlot);
    }

    protected override void Wake()
    {
        // A producer may come this far while the loop ends: the handle keeps the number from meaning another descriptor meanwhile.
        bool held = false;
        try
        {
            _wake!.DangerousAddRef(ref held);
            ulong one = 1;
            _ = Libc.Write(Descriptor(_wake), (byte*)&one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended: nobody is left to be woken.
        }
        finally
        {
            if (held)
            {
                _wake!.DangerousRelease();
            }
        }
    }

    protected override void CloseBackEnd()
    {
        _epoll?.Dispose();
        _wake?.Dispose();
    }

    private void Raise(ulong data, uint flags)
    {
        uint slot = (uint)data;
        if (slot < FirstListenerSlot)
        {
            EpollTransportConnection? connection = _connections[slot];
            if (connection is not null && connection.Generation == (uint)(data >> 32))
            {
                RaiseEvent(connection, flags);
            }
        }
        else if (slot != WakeSlot)
        {
            Accept(_listeners[(int)(slot - FirstListenerSlot)]);
        }
    }

    private void RaiseEvent(EpollTransportConnection connection, uint flags)
    {
        try
        {
            connection.OnEvent(flags);
        }
        catch (Exception exception)
        {
            Fault(connection, exception);
        }
    }

    private void Accept(EpollListener listener)
    {
        try
        {
            listener.OnReadable();
        }
        catch (Exception exception)
        {
            Fault(listener, exception);
        }
    }

    private void RaiseAgain()
    {
        (_again, _againSpare) = (_againSpare, _again);
        foreach (EpollTransportConnection connection in _againSpare)
        {
            try
            {
                connection.OnAgain();
            }
            catch (Exception exception)
            {
                Fault(connection, exception);
            }

            RestoreThread();
        }

        _againSpare.Clear();
    }

    private static int Descriptor(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private static SafeFileHandle Own(int descriptor)
        => descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new SocketException((int)SocketError.TooManyOpenSockets);
}
