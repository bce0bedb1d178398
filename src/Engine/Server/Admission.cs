using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>Decides whether an accepted connection may stay: by the number in all and by address. Any loop. What is open is never evicted for what is new.</summary>
internal sealed class Admission(int maxConnections, int maxPerAddress)
{
    /// <summary>Refused connections that are told so at one time; past it they are closed without a word, so that refusing stays cheap.</summary>
    private const int MaxRefusing = 256;

    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private int _open;
    private int _refusing;

    public int OpenCount => Volatile.Read(ref _open);

    /// <summary>Whether anybody needs to find out addresses, which is not free everywhere.</summary>
    public bool CountsAddresses => maxPerAddress > 0;

    /// <summary>
    /// Returns by what an address is counted: an IPv6 host has a whole /64 to itself (RFC 6177), from which it could take a new address for each connection.
    /// </summary>
    public static IPAddress? KeyOf(IPAddress? address)
    {
        if (address is null || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    public AdmissionVerdict Admit(IPAddress? address)
    {
        if (Interlocked.Increment(ref _open) > maxConnections && maxConnections > 0)
        {
            Interlocked.Decrement(ref _open);
            if (Interlocked.Increment(ref _refusing) <= MaxRefusing)
            {
                return AdmissionVerdict.RefuseWithMessage;
            }

            Interlocked.Decrement(ref _refusing);
            return AdmissionVerdict.RefuseSilently;
        }

        if (!TryCount(address))
        {
            Interlocked.Decrement(ref _open);
            return AdmissionVerdict.RefuseSilently;
        }

        return AdmissionVerdict.Admit;
    }

    /// <summary>Counts one more of an address that has become known since the connection was admitted. False, and not counted, when there are too many.</summary>
    public bool TryCount(IPAddress? address)
    {
        if (maxPerAddress == 0 || address is null || _perAddress.AddOrUpdate(address, 1, static (_, count) => count + 1) <= maxPerAddress)
        {
            return true;
        }

        Uncount(address);
        return false;
    }

    /// <summary>An admitted connection has ended.</summary>
    public void Leave(IPAddress? address)
    {
        Interlocked.Decrement(ref _open);
        if (maxPerAddress > 0 && address is not null)
        {
            Uncount(address);
        }
    }

    /// <summary>A connection that was refused with a message has ended.</summary>
    public void RefusalEnded() => Interlocked.Decrement(ref _refusing);

    private void Uncount(IPAddress address)
    {
        while (_perAddress.TryGetValue(address, out int count))
        {
            bool done = count == 1
                ? _perAddress.TryRemove(KeyValuePair.Create(address, count))
                : _perAddress.TryUpdate(address, count - 1, count);
            if (done)
            {
                return;
            }
        }
    }
}

/// <summary>What <see cref="Admission"/> answers.</summary>
internal enum AdmissionVerdict
{
    /// <summary>It stays.</summary>
    Admit = 0,

    /// <summary>The server is full: it is told, then closed.</summary>
    RefuseWithMessage = 1,

    /// <summary>It is closed at once.</summary>
    RefuseSilently = 2,
}
