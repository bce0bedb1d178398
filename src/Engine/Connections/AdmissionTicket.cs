using System.Net;

namespace Engine;

/// <summary>What admission counted a connection for: one of all, and, when addresses are limited, one of its address; or one of those being refused.</summary>
/// <param name="Kind">Nothing for a connection that was closed at once.</param>
/// <param name="Address">The address that it counts for, if any.</param>
internal readonly record struct AdmissionTicket(AdmissionTicketKind Kind, IPAddress? Address);

/// <summary>What an <see cref="AdmissionTicket"/> stands for.</summary>
internal enum AdmissionTicketKind : byte
{
    /// <summary>Nothing was counted.</summary>
    None = 0,

    /// <summary>It is served.</summary>
    Admitted = 1,

    /// <summary>It is being told that the server is full.</summary>
    Refusing = 2,
}
