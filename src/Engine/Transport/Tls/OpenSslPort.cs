using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Engine;

/// <summary>
/// Where one loop's TLS connections meet the library: the BIO that all of them share, since only one is inside the library at a time, and the buffer that
/// plain bytes are read into. The library reads straight from the loop's receive buffer and writes straight into a connection's ciphertext. Loop only.
/// </summary>
internal sealed unsafe class OpenSslPort
{
    /// <summary>Four whole records a read of the loop.</summary>
    public const int PlainBytes = 65_536;

    /// <summary>Handshake steps of one turn. A step with a signature takes 0.1 to 0.3 ms; the others wait for the next turn.</summary>
    private const int MaxHandshakeSteps = 32;

    private static readonly nint Method = MakeMethod();

    private readonly EventLoop _loop;
    private readonly State* _state;
    private readonly byte* _plain;
    private readonly Queue<OpenSslConnection> _deferred = new();
    private readonly nint _bio;
    private GCHandle _self;
    private int _steps;
    private bool _turnPosted;

    public OpenSslPort(EventLoop loop)
    {
        _loop = loop;
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _state = (State*)NativeMemory.AllocZeroed((nuint)sizeof(State));
        _state->Self = GCHandle.ToIntPtr(_self);
        _plain = (byte*)NativeMemory.Alloc(PlainBytes);
        _bio = LibSsl.BIO_new(Method);
        if (_bio == 0)
        {
            throw new InvalidOperationException("The TLS library could not make its end of the loop.");
        }

        LibSsl.BIO_set_data(_bio, _state);
        LibSsl.BIO_set_init(_bio, 1);
    }

    ~OpenSslPort()
    {
        if (_bio != 0)
        {
            LibSsl.BIO_set_data(_bio, null);
            _ = LibSsl.BIO_free(_bio);
        }

        NativeMemory.Free(_state);
        NativeMemory.Free(_plain);
        _self.Free();
    }

    /// <summary>The connection that is inside the library.</summary>
    public OpenSslConnection? Current { get; private set; }

    /// <summary>Plain bytes of the last reads.</summary>
    public byte* Plain => _plain;

    /// <summary>Ciphertext that the library has not read yet.</summary>
    public int UnreadBytes => _state->Length;

    /// <summary>Returns the port of the loop that this session's connection lives on; null if it has none of ours.</summary>
    public static OpenSslPort? Of(nint ssl)
    {
        nint bio = LibSsl.SSL_get_rbio(ssl);
        return bio == 0 ? null : OfBio(bio);
    }

    /// <summary>Gives a new session its two ends.</summary>
    public void Attach(nint ssl)
    {
        _ = LibSsl.BIO_up_ref(_bio);
        LibSsl.SSL_set_bio(ssl, _bio, _bio);
    }

    /// <summary>
    /// Says who is about to call the library, and which ciphertext it may read. Before every call; nothing else may be inside. Clears old errors too, because
    /// SSL_get_error takes any that is left for the call's own.
    /// </summary>
    public void Enter(OpenSslConnection connection, byte* ciphertext, int lengthBytes)
    {
        Current = connection;
        _state->Ciphertext = ciphertext;
        _state->Length = lengthBytes;
        LibSsl.ERR_clear_error();
    }

    /// <summary>After every call: the ciphertext is valid no longer.</summary>
    public void Leave()
    {
        Current = null;
        _state->Ciphertext = null;
        _state->Length = 0;
    }

    /// <summary>Returns whether a handshake may take a step in this turn. If not, the connection keeps its bytes and is called when it may.</summary>
    public bool TryTakeStep(OpenSslConnection connection)
    {
        if (!_turnPosted)
        {
            _turnPosted = true;
            _loop.Post(static state => ((OpenSslPort)state!).BeginTurn(), this);
        }

        if (_steps >= MaxHandshakeSteps)
        {
            _deferred.Enqueue(connection);
            return false;
        }

        _steps++;
        return true;
    }

    private static OpenSslPort? OfBio(nint bio)
    {
        var state = (State*)LibSsl.BIO_get_data(bio);
        return state is null ? null : Unsafe.As<OpenSslPort?>(GCHandle.FromIntPtr(state->Self).Target);
    }

    private static nint MakeMethod()
    {
        const int SourceSink = 0x0400;
        fixed (byte* name = "engine loop"u8)
        {
            nint method = LibSsl.BIO_meth_new(LibSsl.BIO_get_new_index() | SourceSink, name);
            if (method == 0
                || LibSsl.BIO_meth_set_read(method, &OnRead) != 1
                || LibSsl.BIO_meth_set_write(method, &OnWrite) != 1
                || LibSsl.BIO_meth_set_ctrl(method, &OnControl) != 1)
            {
                throw new InvalidOperationException("The TLS library could not make a kind of BIO.");
            }

            return method;
        }
    }

    [UnmanagedCallersOnly]
    private static int OnRead(nint bio, byte* target, int lengthBytes)
    {
        LibSsl.BIO_clear_flags(bio, LibSsl.BioFlagMask);
        var state = (State*)LibSsl.BIO_get_data(bio);
        if (state is null || state->Length == 0 || lengthBytes <= 0)
        {
            LibSsl.BIO_set_flags(bio, LibSsl.BioRead | LibSsl.BioRetry);
            return -1;
        }

        int count = Math.Min(lengthBytes, state->Length);
        new ReadOnlySpan<byte>(state->Ciphertext, count).CopyTo(new Span<byte>(target, count));
        state->Ciphertext += count;
        state->Length -= count;
        return count;
    }

    [UnmanagedCallersOnly]
    private static int OnWrite(nint bio, byte* bytes, int lengthBytes)
    {
        try
        {
            LibSsl.BIO_clear_flags(bio, LibSsl.BioFlagMask);
            if (OfBio(bio)?.Current is not { } connection)
            {
                return -1;
            }

            connection.Append(new ReadOnlySpan<byte>(bytes, lengthBytes));
            return lengthBytes;
        }
        catch (Exception)
        {
            // An exception must not pass through the library's frames: the call fails, and the connection with it.
            return -1;
        }
    }

    [UnmanagedCallersOnly]
    private static nint OnControl(nint bio, int command, nint number, nint pointer) => command == LibSsl.BioFlush ? 1 : 0;

    /// <summary>A new turn: the handshakes that waited go first, as many as a turn may take.</summary>
    private void BeginTurn()
    {
        _turnPosted = false;
        _steps = 0;
        while (_steps < MaxHandshakeSteps && _deferred.TryDequeue(out OpenSslConnection? connection))
        {
            connection.ContinueHandshake();
        }
    }

    /// <summary>What the BIO's functions reach without a managed object.</summary>
    private struct State
    {
        public byte* Ciphertext;
        public int Length;
        public nint Self;
    }
}
