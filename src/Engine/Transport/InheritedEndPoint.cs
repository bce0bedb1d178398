using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>
/// A listening socket that the process was started with: systemd's socket activation, or whatever passes descriptors the same way (LISTEN_FDS, LISTEN_PID,
/// LISTEN_FDNAMES). The server that listens there owns the descriptor and closes it when it stops. Options that must be set before a socket listens
/// (<see cref="ServerOptions.ReusePort"/>, <see cref="ServerOptions.Backlog"/>, <see cref="ServerOptions.DualMode"/>) are its creator's.
/// </summary>
public sealed class InheritedEndPoint : EndPoint
{
    /// <summary>The first descriptor that is passed, by the convention.</summary>
    private const int FirstDescriptor = 3;

    private const int MaxCount = 1024;

    /// <param name="descriptor">The number of a descriptor that is a listening stream socket.</param>
    /// <param name="name">What whoever passed it calls it, if anything.</param>
    public InheritedEndPoint(int descriptor, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        Descriptor = descriptor;
        Name = name;
    }

    /// <summary>The descriptor's number.</summary>
    public int Descriptor { get; }

    /// <summary>The name that was passed along (FileDescriptorName= of a systemd socket unit); null without one.</summary>
    public string? Name { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <summary>The sockets that this process was started with, in their order; none when the environment speaks of none, or to another process.</summary>
    public static IReadOnlyList<InheritedEndPoint> FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable, Environment.ProcessId);

    /// <inheritdoc/>
    public override string ToString() => Name is null ? $"descriptor {Descriptor}" : $"descriptor {Descriptor} ({Name})";

    internal static IReadOnlyList<InheritedEndPoint> FromEnvironment(Func<string, string?> read, int processId)
    {
        if (!TryRead(read("LISTEN_PID"), out int meant) || meant != processId || !TryRead(read("LISTEN_FDS"), out int count) || count > MaxCount)
        {
            return [];
        }

        string[] names = read("LISTEN_FDNAMES")?.Split(':') ?? [];
        var endPoints = new InheritedEndPoint[count];
        for (int i = 0; i < count; i++)
        {
            string? name = i < names.Length && names[i].Length > 0 ? names[i] : null;
            endPoints[i] = new InheritedEndPoint(FirstDescriptor + i, name);
        }

        return endPoints;
    }

    private static bool TryRead(string? text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
