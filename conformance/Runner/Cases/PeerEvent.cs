using System.Globalization;
using System.Text;

namespace Conformance;

/// <summary>Something that a case saw, or expects to see.</summary>
internal sealed class PeerEvent : IEquatable<PeerEvent>
{
    private enum Kind
    {
        Text,
        Binary,
        Pong,
        Pause,
    }

    private readonly Kind _kind;
    private readonly byte[] _payload;

    private PeerEvent(Kind kind, byte[] payload)
    {
        _kind = kind;
        _payload = payload;
    }

    public static PeerEvent Message(byte[] payload, bool isBinary) => new(isBinary ? Kind.Binary : Kind.Text, payload);

    public static PeerEvent Pong(byte[] payload) => new(Kind.Pong, payload);

    /// <summary>A wait that the connection outlived.</summary>
    public static PeerEvent Pause(string name) => new(Kind.Pause, Encoding.ASCII.GetBytes(name));

    public bool Equals(PeerEvent? other) => other is not null && _kind == other._kind && _payload.AsSpan().SequenceEqual(other._payload);

    public override bool Equals(object? obj) => Equals(obj as PeerEvent);

    public override int GetHashCode() => HashCode.Combine(_kind, _payload.Length);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{_kind.ToString().ToLowerInvariant()}({_payload.Length}{(_payload.Length == 0 ? "" : ": ")}{WireLog.Shown(_payload)})");
}
