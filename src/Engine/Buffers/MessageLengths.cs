namespace Engine;

/// <summary>
/// The borders of the messages in a queue, oldest first, for the policy that drops the oldest. Loop only.
/// A positive entry is a whole message that may be dropped; a negative one is a run of bytes that must go out:
/// a message that has begun to leave, a slice of a streamed one, a control frame, a response.
/// </summary>
internal sealed class MessageLengths
{
    private readonly List<int> _entries = [];
    private int _first;

    public void AddDroppable(int lengthBytes) => _entries.Add(lengthBytes);

    public void AddKept(int lengthBytes)
    {
        if (_entries.Count > _first && _entries[^1] < 0)
        {
            _entries[^1] -= lengthBytes;
            return;
        }

        _entries.Add(-lengthBytes);
    }

    public void Clear()
    {
        _entries.Clear();
        _first = 0;
    }

    public void Consume(int count)
    {
        while (count > 0 && _first < _entries.Count)
        {
            int length = Math.Abs(_entries[_first]);
            if (count < length)
            {
                // What has begun to leave must be finished, or the peer reads a torn message.
                _entries[_first] = count - length;
                return;
            }

            count -= length;
            _first++;
        }

        if (_first == _entries.Count)
        {
            Clear();
        }
        else if (_first > 64 && _first > _entries.Count / 2)
        {
            _entries.RemoveRange(0, _first);
            _first = 0;
        }
    }

    /// <summary>Finds the first message that may be dropped and lies wholly behind <paramref name="keepBytes"/> bytes, and forgets it.</summary>
    public bool TryRemoveFirstBehind(int keepBytes, out int offset, out int length)
    {
        offset = 0;
        for (int i = _first; i < _entries.Count; i++)
        {
            length = _entries[i];
            if (length > 0 && offset >= keepBytes)
            {
                _entries.RemoveAt(i);
                return true;
            }

            offset += Math.Abs(length);
        }

        length = 0;
        return false;
    }
}
