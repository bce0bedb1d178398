using System.Security.Cryptography;

namespace Engine;

/// <summary>
/// The keys of session tickets (RFC 8446 §4.6.1, RFC 5077), by which a client that comes back skips most of the handshake. Servers that are given the same
/// secrets resume one another's sessions. Without a secret each server makes its own, and a new one every 12 hours. Any thread. The OpenSSL back end uses
/// them; <see cref="System.Net.Security.SslStream"/> keeps keys of its own.
/// </summary>
public sealed class TlsTicketKeys
{
    internal const int NameBytes = 16;

    private const int MinSecretBytes = 32;
    private const int KeptKeys = 3;

    private static readonly TimeSpan OwnLifetime = TimeSpan.FromHours(12);

    private readonly bool _renewsItself;
    private readonly TimeProvider _time;
    private Key[] _keys;
    private long _madeAt;

    /// <summary>Begins with a secret of the host's, the same on every node. Rotate it at least once a day: whoever learns it can read the sessions that were resumed.</summary>
    /// <param name="secret">At least 32 bytes that nobody can guess. It is copied.</param>
    /// <exception cref="ArgumentException">The secret is too short.</exception>
    public TlsTicketKeys(ReadOnlySpan<byte> secret)
    {
        _time = TimeProvider.System;
        _keys = [new Key(secret)];
    }

    internal TlsTicketKeys(TimeProvider? time = null)
    {
        _renewsItself = true;
        _time = time ?? TimeProvider.System;
        _madeAt = _time.GetTimestamp();
        _keys = [new Key(RandomNumberGenerator.GetBytes(MinSecretBytes))];
    }

    /// <summary>The key that new tickets are made with.</summary>
    internal Key Newest
    {
        get
        {
            long madeAt = Volatile.Read(ref _madeAt);
            if (_renewsItself
                && _time.GetElapsedTime(madeAt) > OwnLifetime
                && Interlocked.CompareExchange(ref _madeAt, _time.GetTimestamp(), madeAt) == madeAt)
            {
                Rotate(RandomNumberGenerator.GetBytes(MinSecretBytes));
            }

            return Volatile.Read(ref _keys)[0];
        }
    }

    /// <summary>Makes new tickets with this secret from now on. Tickets of the two secrets before it are still accepted, and renewed; older ones lead to a whole handshake.</summary>
    /// <exception cref="ArgumentException">The secret has less than 32 bytes.</exception>
    public void Rotate(ReadOnlySpan<byte> secret)
    {
        var key = new Key(secret);
        Key[] keys;
        do
        {
            keys = Volatile.Read(ref _keys);
        }
        while (!ReferenceEquals(Interlocked.CompareExchange(ref _keys, [key, .. keys.Take(KeptKeys - 1)], keys), keys));
    }

    /// <summary>Returns the key that a ticket names; null if it is not, or no longer, known.</summary>
    internal Key? Find(ReadOnlySpan<byte> name)
    {
        foreach (Key key in Volatile.Read(ref _keys))
        {
            if (name.SequenceEqual(key.Name))
            {
                return key;
            }
        }

        return null;
    }

    /// <summary>What one secret is made into: a public name, and two keys that say nothing about one another.</summary>
    internal sealed class Key
    {
        public Key(ReadOnlySpan<byte> secret)
        {
            if (secret.Length < MinSecretBytes)
            {
                throw new ArgumentException($"A secret has at least {MinSecretBytes} bytes.", nameof(secret));
            }

            Name = Derive(secret, "engine tls ticket name"u8, NameBytes);
            Encryption = Derive(secret, "engine tls ticket encryption"u8, 32);
            Authentication = Derive(secret, "engine tls ticket authentication"u8, 32);
        }

        public byte[] Name { get; }

        public byte[] Encryption { get; }

        public byte[] Authentication { get; }

        private static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose, int lengthBytes)
        {
            byte[] derived = new byte[lengthBytes];
            HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt: [], info: purpose);
            return derived;
        }
    }
}
