using System.Net.Sockets;
using Microsoft.Extensions.ObjectPool;

namespace Engine;

/// <summary>Event args that post their completion to the loop of the connection that rented them.</summary>
internal sealed class PooledEventArgs : SocketAsyncEventArgs
{
    private SocketTransportConnection? _owner;
    private Action<object?>? _onLoop;

    public PooledEventArgs()
        : base(true)
    {
    }

    /// <summary>Before an operation: who is told, and by which of its methods.</summary>
    public void Use(SocketTransportConnection owner, Action<object?> onLoop)
    {
        _owner = owner;
        _onLoop = onLoop;
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => _owner!.Loop.Post(_onLoop!, _owner);

    public sealed class Policy : PooledObjectPolicy<PooledEventArgs>
    {
        public override PooledEventArgs Create() => new();

        public override bool Return(PooledEventArgs obj)
        {
            obj._owner = null;
            obj._onLoop = null;
            obj.SetBuffer(Memory<byte>.Empty);
            return true;
        }
    }
}
