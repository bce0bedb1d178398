namespace Conformance;

/// <summary>Numbers that look random and are the same on every machine (xorshift).</summary>
internal sealed class CorpusRandom(uint seed)
{
    private uint _state = seed;

    public int Next(int bound)
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return (int)(_state % (uint)bound);
    }

    public T Pick<T>(IReadOnlyList<T> from) => from[Next(from.Count)];
}
