namespace Conformance;

/// <summary>The peer broke the opening handshake; the message says how.</summary>
internal sealed class ProtocolFaultException(string message) : Exception(message);
