namespace Engine.Http1;

/// <summary>Waiting for something whose result does not matter.</summary>
internal static class Waiting
{
    /// <summary>Completes with <paramref name="waited"/>, on the context of the caller.</summary>
    public static async ValueTask For<T>(ValueTask<T> waited) => await waited;
}
