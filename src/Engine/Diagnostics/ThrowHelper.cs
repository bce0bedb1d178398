using System.Diagnostics.CodeAnalysis;

namespace Engine;

/// <summary>Throws out of line, so that the callers stay small.</summary>
internal static class ThrowHelper
{
    [DoesNotReturn]
    public static void AdvancedTooFar()
        => throw new InvalidOperationException("Advance went past the memory that GetSpan or GetMemory handed out.");

    [DoesNotReturn]
    public static void ReturnedTwice()
        => throw new InvalidOperationException("A segment came back to its pool twice.");

    [DoesNotReturn]
    public static void ConsumedTooMuch(int consumed, int offered)
        => throw new InvalidOperationException($"OnReceived returned {consumed} of {offered} bytes.");

    [DoesNotReturn]
    public static void NotOnLoop()
        => throw new InvalidOperationException("This member may be used only on the connection's event loop; use Post to get there.");
}
