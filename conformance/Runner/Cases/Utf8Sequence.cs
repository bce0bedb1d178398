namespace Conformance;

/// <summary>Bytes, and whether they are UTF-8.</summary>
internal sealed record Utf8Sequence(bool IsValid, byte[] Bytes);
