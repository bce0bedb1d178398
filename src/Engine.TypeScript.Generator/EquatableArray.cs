using System.Collections;

namespace Engine.TypeScript.Generator;

/// <summary>An array that equals another by its items, so that the generator's steps see that nothing has changed.</summary>
/// <param name="items">The items; not changed afterwards.</param>
internal sealed class EquatableArray<T>(T[] items) : IEquatable<EquatableArray<T>>, IReadOnlyList<T>
{
    public static readonly EquatableArray<T> Empty = new([]);

    public int Count => items.Length;

    public T this[int index] => items[index];

    public static EquatableArray<T> Of(IEnumerable<T> items) => new([.. items]);

    public bool Equals(EquatableArray<T>? other) => other is not null && this.SequenceEqual(other);

    public override bool Equals(object? obj) => Equals(obj as EquatableArray<T>);

    public override int GetHashCode() => items.Aggregate(items.Length, static (hash, item) => unchecked((hash * 31) + (item?.GetHashCode() ?? 0)));

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
