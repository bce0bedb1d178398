namespace Engine.WebSockets;

/// <summary>
/// Messages without an acknowledgement, in the order in which they were published, bounded by count and bytes. Each has a serial that is its id on every connection.
/// Any thread.
/// </summary>
internal sealed class TopicOutbox(int maxMessages, int maxBytes)
{
    /// <summary>
    /// How many are under way at a time. A server forgets idempotency keys after a thousand by default, so it knows each of these when it comes again.
    /// </summary>
    private const int WindowMessages = 100;

    private readonly object _gate = new();
    private readonly LinkedList<Entry> _entries = new();
    private readonly Dictionary<ulong, LinkedListNode<Entry>> _bySerial = [];
    private ulong _lastSerial;
    private long _bytes;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Takes a message, or returns null when there is no room. The payload is copied.</summary>
    /// <param name="clientId">Begins the idempotency key where the message has none of its own.</param>
    /// <param name="topic">Where to.</param>
    /// <param name="message">The message.</param>
    public Entry? TryAdd(string clientId, string topic, in TopicMessage message)
    {
        lock (_gate)
        {
            if (_entries.Count >= maxMessages || (_entries.Count > 0 && message.Payload.Length > maxBytes - _bytes))
            {
                return null;
            }

            // Even, and the ids of subscriptions odd: an error tells only the id.
            ulong serial = _lastSerial += 2;
            byte[] command = TopicClientCommands.Publish(serial, topic, message, message.IdempotencyKey ?? $"{clientId}-{serial}");
            var entry = new Entry(serial, topic, command, message.Payload.Length);
            _bySerial[serial] = _entries.AddLast(entry);
            _bytes += entry.PayloadBytes;
            return entry;
        }
    }

    /// <summary>Hands what was not sent on this connection to <paramref name="send"/>, in order, as far as the window allows.</summary>
    public void Flush(object session, Action<byte[]> send)
    {
        lock (_gate)
        {
            int left = WindowMessages;
            for (LinkedListNode<Entry>? node = _entries.First; node is not null && left > 0; node = node.Next, left--)
            {
                if (!ReferenceEquals(node.Value.SentBy, session))
                {
                    node.Value.SentBy = session;
                    node.Value.WasSent = true;
                    send(node.Value.Command);
                }
            }
        }
    }

    /// <summary>Finds the message of an answer; null when it waits no longer.</summary>
    public Entry? Find(ulong serial)
    {
        lock (_gate)
        {
            return _bySerial.GetValueOrDefault(serial)?.Value;
        }
    }

    /// <summary>The server may take the message later: it is sent again with the next flush.</summary>
    public void Again(Entry entry)
    {
        lock (_gate)
        {
            entry.SentBy = null;
        }
    }

    /// <summary>Takes a message out. Returns false when it was out already.</summary>
    public bool Remove(Entry entry, bool onlyUnsent = false)
    {
        lock (_gate)
        {
            if ((onlyUnsent && entry.WasSent) || !_bySerial.Remove(entry.Serial, out LinkedListNode<Entry>? node))
            {
                return false;
            }

            _entries.Remove(node);
            _bytes -= entry.PayloadBytes;
            return true;
        }
    }

    /// <summary>Takes all messages out.</summary>
    public IReadOnlyList<Entry> Clear()
    {
        lock (_gate)
        {
            Entry[] all = [.. _entries];
            _entries.Clear();
            _bySerial.Clear();
            _bytes = 0;
            return all;
        }
    }

    /// <summary>One message that waits.</summary>
    internal sealed class Entry(ulong serial, string topic, byte[] command, int payloadBytes)
        : TaskCompletionSource<TopicAcknowledgement>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public ulong Serial => serial;

        public string Topic => topic;

        public byte[] Command => command;

        public int PayloadBytes => payloadBytes;

        /// <summary>The connection that it was sent on last; null when it is to be sent.</summary>
        public object? SentBy { get; set; }

        /// <summary>Whether any connection was given it: the server may have it.</summary>
        public bool WasSent { get; set; }
    }
}
