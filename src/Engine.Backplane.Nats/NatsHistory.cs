using Engine.PubSub;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Engine.Backplane.Nats;

/// <summary>The stream that keeps the topics: made when it is not there, read a topic at a time. Any thread.</summary>
/// <remarks>
/// A position's offset is the stream's sequence, which rises over all topics; its epoch is when the stream was made. A server that has less than it once told has
/// lost something: the stream is made anew.
/// </remarks>
/// <param name="context">The connection.</param>
/// <param name="options">What the stream keeps.</param>
/// <param name="last">What the session before knew of the stream; null for the first.</param>
/// <param name="onRegress">Called when the stream's sequence has fallen: it is another one, or has lost something.</param>
internal sealed class NatsHistory(INatsJSContext context, NatsBackplaneOptions options, NatsHistory? last, Action onRegress)
{
    private const ulong MaxOvertaken = 10_000;

    private readonly Lock _gate = new();
    private ulong _newest = last?._newest ?? 0;

    private string StreamName => options.Prefix.ToUpperInvariant();

    /// <summary>Makes the stream, or finds the one that another node has made, whatever its bounds are.</summary>
    public async Task<StreamInfo> EnsureAsync(NatsPatience patience)
    {
        StreamInfo info;
        try
        {
            info = (await context.GetStreamAsync(StreamName, cancellationToken: patience.Token).ConfigureAwait(false)).Info;
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == 404)
        {
            info = (await CreateAsync(patience).ConfigureAwait(false)).Info;
        }

        SetEpoch(EpochOf(info));
        return info;
    }

    /// <summary>Whether the stream is the one that it was, and has this sequence.</summary>
    public async Task<bool> HasAsync(ulong sequence, NatsPatience patience)
    {
        ulong epoch = Epoch;
        StreamInfo info = await EnsureAsync(patience).ConfigureAwait(false);
        return EpochOf(info) == epoch && info.State.LastSeq >= sequence;
    }

    public async Task<BackplaneReceipt> PublishAsync(string subject, BackplanePublication publication, NatsPatience patience)
    {
        string id = publication.IdempotencyKey is { } key
            ? $"{subject}/{NatsSubjects.Of(key)}"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{publication.Origin:x}-{publication.Sequence}");
        PubAckResponse answer = await context.PublishAsync(
            subject, publication.Payload, opts: new NatsJSPubOpts { MsgId = id, RetryAttempts = 1 }, cancellationToken: patience.Token).ConfigureAwait(false);
        if (answer.Error is { } error)
        {
            throw new NatsJSApiException(error);
        }

        if (!answer.Duplicate && !TryAdvance(answer.Seq))
        {
            onRegress();
        }

        return new BackplaneReceipt(new TopicPosition(Epoch, answer.Seq), answer.Duplicate && publication.IdempotencyKey is not null);
    }

    /// <summary>The stream's life, as it was when it was last looked at.</summary>
    public ulong Epoch { get; private set; } = last?.Epoch ?? 0;

    public async Task<BackplaneHistory> ReadAfterAsync(string topic, string subject, TopicPosition after, int maxMessages, NatsPatience patience)
    {
        StreamInfo info = await EnsureAsync(patience).ConfigureAwait(false);
        ulong epoch = EpochOf(info);
        if (after.Epoch == epoch && after.Offset > info.State.LastSeq)
        {
            await context.DeleteStreamAsync(StreamName, patience.Token).ConfigureAwait(false);
            info = (await CreateAsync(patience).ConfigureAwait(false)).Info;
            epoch = EpochOf(info);
        }

        SetEpoch(epoch);
        bool isContinued = after.Epoch == epoch;
        (List<BackplaneMessage> messages, ulong total) = await ReadAsync(topic, subject, epoch, isContinued ? after.Offset : null, maxMessages, patience).ConfigureAwait(false);

        // Nothing after the position was dropped by age or size when the stream still begins before it, nor by count when the topic is not full.
        bool isComplete = isContinued && info.State.FirstSeq <= after.Offset + 1 && total < (ulong)info.Config.MaxMsgsPerSubject;
        ulong head = Math.Max(info.State.LastSeq, isContinued ? after.Offset : 0);
        ulong floor = isComplete ? after.Offset : messages.Count > 0 ? messages[0].Position.Offset - 1 : head;
        return new BackplaneHistory(epoch, floor, head, Chain(messages, floor), HasMore: isContinued && (ulong)messages.Count < total);
    }

    public static ulong EpochOf(StreamInfo info) => (ulong)info.Created.UtcTicks;

    private void SetEpoch(ulong epoch)
    {
        lock (_gate)
        {
            _newest = Epoch == epoch ? _newest : 0;
            Epoch = epoch;
        }
    }

    /// <summary>Of a publisher's confirmations the sequences rise, but for those that overtake one another on their way back.</summary>
    private bool TryAdvance(ulong sequence)
    {
        lock (_gate)
        {
            bool isFall = sequence + MaxOvertaken < _newest;
            _newest = isFall ? sequence : Math.Max(_newest, sequence);
            return !isFall;
        }
    }

    private static List<BackplaneMessage> Chain(List<BackplaneMessage> messages, ulong floor)
    {
        ulong previous = floor;
        for (int i = 0; i < messages.Count; i++)
        {
            messages[i] = messages[i] with { PreviousOffset = previous };
            previous = messages[i].Position.Offset;
        }

        return messages;
    }

    private async Task<(List<BackplaneMessage> Messages, ulong Total)> ReadAsync(
        string topic, string subject, ulong epoch, ulong? after, int maxMessages, NatsPatience patience)
    {
        var config = new ConsumerConfig
        {
            Name = $"read-{Guid.NewGuid():n}",
            FilterSubject = subject,
            DeliverPolicy = after is null ? ConsumerConfigDeliverPolicy.All : ConsumerConfigDeliverPolicy.ByStartSequence,
            OptStartSeq = after is { } last ? last + 1 : 0,
            AckPolicy = ConsumerConfigAckPolicy.None,
            MemStorage = true,
            NumReplicas = 1,
            InactiveThreshold = TimeSpan.FromSeconds(30),
        };
        INatsJSConsumer consumer = await context.CreateOrUpdateConsumerAsync(StreamName, config, patience.Token).ConfigureAwait(false);
        var messages = new Queue<BackplaneMessage>();
        ulong pending = consumer.Info.NumPending;
        ulong total = pending;
        patience.Renew();
        while (pending > 0 && (after is null || messages.Count < maxMessages))
        {
            int read = 0;
            var fetch = new NatsJSFetchOpts { Expires = TimeSpan.FromSeconds(5), MaxMsgs = (int)Math.Min(pending, after is null ? 1_000 : (ulong)(maxMessages - messages.Count)) };
            await foreach (INatsJSMsg<byte[]> message in consumer.FetchNoWaitAsync<byte[]>(fetch, cancellationToken: patience.Token).ConfigureAwait(false))
            {
                read++;
                patience.Renew();
                pending = message.Metadata?.NumPending ?? 0;
                messages.Enqueue(new BackplaneMessage(topic, new TopicPosition(epoch, message.Metadata!.Value.Sequence.Stream), null, message.Data ?? []));
                if (after is null && messages.Count > maxMessages)
                {
                    // The newest are wanted.
                    messages.Dequeue();
                }
            }

            if (read == 0)
            {
                break;
            }
        }

        await context.DeleteConsumerAsync(StreamName, config.Name, patience.Token).ConfigureAwait(false);
        return ([.. messages], total);
    }

    private async Task<INatsJSStream> CreateAsync(NatsPatience patience)
    {
        var config = new StreamConfig(StreamName, [$"{options.Prefix}.kept.>"])
        {
            Storage = StreamConfigStorage.File,
            Retention = StreamConfigRetention.Limits,
            Discard = StreamConfigDiscard.Old,
            MaxMsgsPerSubject = options.MaxMessagesPerTopic,
            MaxAge = options.HistoryAge,
            MaxBytes = options.MaxBytes,
            DuplicateWindow = options.IdempotencyWindow,
            NumReplicas = options.Replicas,
            AllowDirect = true,
            Republish = new Republish { Src = $"{options.Prefix}.kept.>", Dest = $"{options.Prefix}.told.>" },
        };
        return await context.CreateStreamAsync(config, patience.Token).ConfigureAwait(false);
    }
}
