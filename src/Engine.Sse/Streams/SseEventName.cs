using System.Reflection;

namespace Engine.Sse;

/// <summary>The name that a type's <see cref="SseEventAttribute"/> gives, looked up once.</summary>
internal static class SseEventName<T>
{
    public static readonly string? Value = typeof(T).GetCustomAttribute<SseEventAttribute>()?.Name;
}
