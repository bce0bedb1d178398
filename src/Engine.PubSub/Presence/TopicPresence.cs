using System.Globalization;

namespace Engine.PubSub;

/// <summary>
/// The members of one topic. Changes are gathered over a window and published together: a member that came and went within it, or that came back within the grace
/// period, is no change. Any thread.
/// </summary>
/// <param name="options">The windows and bounds.</param>
/// <param name="clock">Tells the time.</param>
/// <param name="publish">Publishes to the presence topic. Called outside of the lock, one call at a time.</param>
internal sealed class TopicPresence(PresenceOptions options, TimeProvider clock, Action<TopicMessage> publish) : IDisposable
{
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Lock _publishing = new();
    private ITimer? _timer;
    private int _count;
    private int _namedCount;
    private int _publishedCount = -1;
    private bool _isTimerSet;
    private bool _isDisposed;

    /// <summary>Members, those in their grace period included.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>The members' names, copied, those in their grace period included.</summary>
    public string[] Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _members.Keys];
            }
        }
    }

    /// <summary>One connection of a member has come.</summary>
    public void Join(string name, ReadOnlyMemory<byte> info)
    {
        lock (_gate)
        {
            if (!_members.TryGetValue(name, out Member? member))
            {
                member = new Member();
                _members.Add(name, member);
                _count++;
            }

            member.ConnectionCount++;
            if (!member.IsPublished || !member.Info.Span.SequenceEqual(info.Span))
            {
                member.Info = info;
                member.IsInfoNew = true;
            }

            Changed(name);
        }
    }

    /// <summary>One connection of a member is gone.</summary>
    public void Leave(string name)
    {
        lock (_gate)
        {
            if (_members.TryGetValue(name, out Member? member) && --member.ConnectionCount == 0)
            {
                member.LeftAt = clock.GetTimestamp();
                Changed(name);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    /// <summary>The window is over.</summary>
    internal void Flush()
    {
        // One flush at a time, so that what is published later is newer.
        lock (_publishing)
        {
            List<TopicMessage> messages = [];
            lock (_gate)
            {
                _isTimerSet = false;
                foreach (string name in _changed.ToArray())
                {
                    if (TryConclude(name, messages))
                    {
                        _changed.Remove(name);
                    }
                }

                if (_count != _publishedCount)
                {
                    _publishedCount = _count;
                    messages.Add(new TopicMessage(System.Text.Encoding.ASCII.GetBytes(_count.ToString(CultureInfo.InvariantCulture)), PayloadKind.Json)
                    {
                        Key = PresenceOptions.CountKey,
                    });
                }

                if (_changed.Count > 0)
                {
                    SetTimer();
                }
            }

            foreach (TopicMessage message in messages)
            {
                publish(message);
            }
        }
    }

    /// <summary>Publishes what a member has become; false while its grace period lasts.</summary>
    private bool TryConclude(string name, List<TopicMessage> messages)
    {
        Member member = _members[name];
        if (member.ConnectionCount > 0)
        {
            bool mayBeNamed = !options.IsCountOnly && (member.IsPublished || _namedCount < options.MaxMembers);
            if (mayBeNamed && (!member.IsPublished || member.IsInfoNew))
            {
                _namedCount += member.IsPublished ? 0 : 1;
                member.IsPublished = true;
                messages.Add(new TopicMessage(member.Info, PayloadKind.Json) { Key = name });
            }

            member.IsInfoNew = false;
            return true;
        }

        if (member.IsPublished && clock.GetElapsedTime(member.LeftAt) < options.Grace)
        {
            return false;
        }

        _members.Remove(name);
        _count--;
        if (member.IsPublished)
        {
            _namedCount--;
            messages.Add(new TopicMessage(default, PayloadKind.Json) { Key = name, IsRemoval = true });
        }

        return true;
    }

    private void Changed(string name)
    {
        _changed.Add(name);
        SetTimer();
    }

    private void SetTimer()
    {
        if (!_isTimerSet && !_isDisposed)
        {
            _isTimerSet = true;
            _timer ??= clock.CreateTimer(static state => ((TopicPresence)state!).Flush(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(options.Window, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Member
    {
        public ReadOnlyMemory<byte> Info;
        public int ConnectionCount;
        public long LeftAt;
        public bool IsPublished;
        public bool IsInfoNew;
    }
}
