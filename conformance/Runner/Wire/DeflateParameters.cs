namespace Conformance;

/// <summary>RFC 7692 §7.1: what both ends agreed on.</summary>
/// <param name="ServerKeepsContext">Whether the server's compressor carries its window from message to message.</param>
/// <param name="ClientKeepsContext">The same for the client's.</param>
/// <param name="ServerWindowBits">9 to 15.</param>
/// <param name="ClientWindowBits">9 to 15.</param>
internal sealed record DeflateParameters(bool ServerKeepsContext, bool ClientKeepsContext, int ServerWindowBits, int ClientWindowBits);
