using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Engine.PubSub;
using StackExchange.Redis;

namespace Engine.Backplane.Redis;

/// <summary>
/// Joins hubs over one Redis server, 6.2 or newer. A publication is appended to its topic's bounded stream and brought to the nodes that listen in one step on the
/// server. Any thread.
/// </summary>
/// <remarks>
/// What Redis has confirmed it keeps through a restart only with its append-only file on (<c>appendonly yes</c>). Without it, or when its machine fails within the
/// second that <c>appendfsync everysec</c> allows, topics begin another life: subscribers come back and are told that they lost something.
/// </remarks>
public sealed class RedisBackplane : IBackplane
{
    private readonly RedisBackplaneOptions _options;
    private readonly RedisConnection _connection;
    private readonly ConcurrentDictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private IBackplaneListener? _listener;

    /// <exception cref="ArgumentException">An option is out of its range, or the configuration cannot be read.</exception>
    public RedisBackplane(RedisBackplaneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Freeze();
        _connection = new RedisConnection(_options.Configuration, state => _listener?.OnStateChanged(state));
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public BackplaneTraits Traits { get; } = new(KeepsHistory: true, HasConsecutiveOffsets: true, MaxPayloadBytes: 256 << 20);

    /// <inheritdoc/>
    public BackplaneState State => _connection.State;

    /// <inheritdoc/>
    public void Start(IBackplaneListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        _listener = listener;
        _connection.Start();
    }

    /// <inheritdoc/>
    public async ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(publication);
        IDatabase database = _connection.Database();
        if (!publication.IsKept)
        {
            await database.PublishAsync(ChannelOf(publication.Topic, isKept: false), publication.Payload).ConfigureAwait(false);
            return default;
        }

        RedisKey[] keys = publication.IdempotencyKey is { } key
            ? [KeyOf(publication.Topic, "m"), KeyOf(publication.Topic, "s"), KeyOf(publication.Topic, $"k:{key}")]
            : [KeyOf(publication.Topic, "m"), KeyOf(publication.Topic, "s")];
        RedisValue[] values =
        [
            NewEpoch(),
            _options.MaxMessagesPerTopic,
            (long)_options.HistoryAge.TotalMilliseconds,
            (long)_options.EpochAge.TotalMilliseconds,
            (string)ChannelOf(publication.Topic, isKept: true)!,
            publication.Payload,
            string.Create(CultureInfo.InvariantCulture, $"o{publication.Origin:x}"),
            publication.Sequence,
            publication.PreviousSequence,
            publication.FollowsConfirmed ? 1 : 0,
            (long)_options.IdempotencyWindow.TotalMilliseconds,
        ];
        RedisResult[] result = (RedisResult[])(await database.ScriptEvaluateAsync(RedisScripts.Publish, keys, values).ConfigureAwait(false))!;
        int outcome = (int)result[0];
        return outcome == RedisScripts.OutOfOrder
            ? throw new IOException("An earlier publication of this node is missing.")
            : new BackplaneReceipt(PositionOf((string)result[1]!, (ulong)result[2]), outcome == RedisScripts.Duplicate && publication.IdempotencyKey is not null);
    }

    /// <inheritdoc/>
    public async ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken)
    {
        // Asked again on each new connection: the client does so by itself, but does not say when the server has agreed.
        (ISubscriber subscriber, int generation) = _connection.Subscriber();
        RedisChannel channel = ChannelOf(topic, isKept);
        if (_subscriptions.TryGetValue(channel!, out Subscription? known))
        {
            if (known.Generation == generation)
            {
                return;
            }

            _subscriptions.TryRemove(KeyValuePair.Create((string)channel!, known));
            await known.Queue.UnsubscribeAsync().ConfigureAwait(false);
        }

        ChannelMessageQueue queue = await subscriber.SubscribeAsync(channel).WaitAsync(cancellationToken).ConfigureAwait(false);
        queue.OnMessage(message => OnMessage(topic, isKept, message.Message));
        _subscriptions[channel!] = new Subscription(queue, generation);
    }

    /// <inheritdoc/>
    public async ValueTask UnsubscribeAsync(string topic, bool isKept)
    {
        if (_subscriptions.TryRemove(ChannelOf(topic, isKept)!, out Subscription? known))
        {
            try
            {
                await known.Queue.UnsubscribeAsync().ConfigureAwait(false);
            }
            catch (RedisException)
            {
                // A server that is away has forgotten it, and the client no longer asks for it.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken)
    {
        RedisValue[] values =
        [
            NewEpoch(), after.Epoch.ToString("x", CultureInfo.InvariantCulture), after.Offset, maxMessages, (long)_options.EpochAge.TotalMilliseconds,
        ];
        RedisKey[] keys = [KeyOf(topic, "m"), KeyOf(topic, "s")];
        RedisResult[] result = (RedisResult[])(await _connection.Database().ScriptEvaluateAsync(RedisScripts.Read, keys, values).ConfigureAwait(false))!;
        ulong epoch = ulong.Parse((string)result[0]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        ulong head = (ulong)result[1];
        RedisResult[] entries = (RedisResult[])result[2]!;
        var messages = new BackplaneMessage[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            string id = (string)entries[i][0]!;
            ulong offset = ulong.Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture);
            messages[i] = new BackplaneMessage(topic, new TopicPosition(epoch, offset), offset - 1, (byte[])entries[i][1][1]!);
        }

        ulong floor = messages.Length > 0 ? messages[0].Position.Offset - 1 : head;
        return new BackplaneHistory(epoch, floor, head, messages, HasMore: messages.Length > 0 && messages[^1].Position.Offset < head);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>What a topic that has none yet gets as its life, if nobody else is first.</summary>
    private static string NewEpoch()
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        return ((BitConverter.ToUInt64(random) >> 1) | 1).ToString("x", CultureInfo.InvariantCulture);
    }

    private static TopicPosition PositionOf(string epoch, ulong offset)
        => new(ulong.Parse(epoch, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), offset);

    private RedisKey KeyOf(string topic, string part) => $"{_options.Prefix}:{{{topic}}}:{part}";

    private RedisChannel ChannelOf(string topic, bool isKept) => RedisChannel.Literal($"{_options.Prefix}:{(isKept ? "kept" : "live")}:{topic}");

    private void OnMessage(string topic, bool isKept, byte[]? message)
    {
        if (!isKept)
        {
            _listener!.OnMessage(new BackplaneMessage(topic, default, null, message));
        }
        else if (TryRead(topic, message, out BackplaneMessage read))
        {
            _listener!.OnMessage(read);
        }
    }

    /// <summary>A kept message: its epoch in hexadecimal, a colon, its offset, a colon, the payload.</summary>
    private static bool TryRead(string topic, ReadOnlyMemory<byte> bytes, out BackplaneMessage message)
    {
        message = default;
        int first = bytes.Span.IndexOf((byte)':');
        int second = first < 0 ? -1 : bytes.Span[(first + 1)..].IndexOf((byte)':');
        if (second < 0
            || !Utf8Parser.TryParse(bytes.Span[..first], out ulong epoch, out int epochLength, 'x') || epochLength != first
            || !Utf8Parser.TryParse(bytes.Span.Slice(first + 1, second), out ulong offset, out int offsetLength) || offsetLength != second || offset == 0)
        {
            return false;
        }

        message = new BackplaneMessage(topic, new TopicPosition(epoch, offset), offset - 1, bytes[(first + second + 2)..]);
        return true;
    }

    private sealed record Subscription(ChannelMessageQueue Queue, int Generation);
}
