namespace Engine.Http1;

/// <summary>
/// Whether a pooled object is out, and to which renter: each renting has a number of its own, which its return must name. So a second return of the
/// same renting is noticed, also when the object is out again by then. Loop only.
/// </summary>
internal struct PoolLease
{
    private uint _number;

    /// <summary>Whether the object is rented.</summary>
    public readonly bool IsOut => (_number & 1) != 0;

    /// <summary>The number of the current renting, or an even number while the object is not rented.</summary>
    public readonly uint Number => _number;

    /// <summary>Begins a renting and returns its number. The object must not be out.</summary>
    public uint Begin()
    {
        System.Diagnostics.Debug.Assert(!IsOut, "An object of the pool is out already.");
        return ++_number;
    }

    /// <summary>Ends the renting of that number. Returns false, and changes nothing, when it has ended before.</summary>
    public bool TryEnd(uint number)
    {
        if (_number != number || !IsOut)
        {
            return false;
        }

        _number++;
        return true;
    }
}
