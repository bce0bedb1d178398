namespace Engine;

/// <summary>
/// A value that each event loop has one of: a pool, an inbox, a cache, used without a lock because only its loop touches it. It lives as long as its loop.
/// </summary>
/// <typeparam name="T">What each loop has one of.</typeparam>
/// <param name="create">Makes a loop's value when the loop first asks. Called on the loop.</param>
public sealed class LoopLocal<T>(Func<LoopRef, T> create)
    where T : class
{
    /// <summary>Returns the loop's value. Loop only; a search through the few values that a loop has.</summary>
    public T On(LoopRef loop)
    {
        if (!loop.IsCurrent)
        {
            ThrowHelper.NotOnLoop();
        }

        List<KeyValuePair<object, object>> values = loop.EventLoop.Locals;
        foreach (KeyValuePair<object, object> value in values)
        {
            if (ReferenceEquals(value.Key, this))
            {
                return (T)value.Value;
            }
        }

        T made = create(loop);
        values.Add(new KeyValuePair<object, object>(this, made));
        return made;
    }
}
