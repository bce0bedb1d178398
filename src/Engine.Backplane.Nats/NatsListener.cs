using System.Globalization;
using System.Threading.Channels;
using Engine.PubSub;
using NATS.Client.Core;

namespace Engine.Backplane.Nats;

/// <summary>Brings what one subscription hears to the hub, in order. One at a time.</summary>
internal sealed class NatsListener(NatsSession session, IBackplaneListener listener, string topic, bool isKept)
{
    /// <summary>How long a message waits for the one before it. After that the hub reads what is missing.</summary>
    private static readonly TimeSpan OvertakenWait = TimeSpan.FromMilliseconds(20);

    private readonly NatsArrivals _arrivals = new();

    /// <summary>Listens until the session ends, or the subscription.</summary>
    public async Task RunAsync(ChannelReader<NatsMsg<byte[]>> messages)
    {
        try
        {
            Task<bool>? waiting = null;
            while (true)
            {
                bool isOverdue = false;
                waiting ??= messages.WaitToReadAsync(session.Ended).AsTask();
                try
                {
                    if (!await (_arrivals.HasHeld ? waiting.WaitAsync(OvertakenWait) : waiting).ConfigureAwait(false))
                    {
                        return;
                    }

                    waiting = null;
                }
                catch (TimeoutException)
                {
                    isOverdue = true;
                }

                while (messages.TryRead(out NatsMsg<byte[]> message))
                {
                    await TakeAsync(message).ConfigureAwait(false);
                }

                Tell(isOverdue);
            }
        }
        catch (Exception)
        {
            // The session's end, or something that it has to end with.
            session.Lose();
        }
    }

    private async ValueTask TakeAsync(NatsMsg<byte[]> message)
    {
        byte[] payload = message.Data ?? [];
        if (!isKept)
        {
            listener.OnMessage(new BackplaneMessage(topic, default, null, payload));
        }
        else if (TryReadNumber(message, "Nats-Sequence", out ulong sequence) && TryReadNumber(message, "Nats-Last-Sequence", out ulong last))
        {
            if (sequence <= _arrivals.Newest && !await HasAsync(_arrivals.Newest).ConfigureAwait(false))
            {
                // Another stream, or one that has lost something.
                session.Lose();
                return;
            }

            // 0 may be the first message of the topic, or the first after all others have grown too old.
            _arrivals.Add(new BackplaneMessage(topic, new TopicPosition(session.History.Epoch, sequence), last == 0 ? null : last, payload));
            Tell(isOverdue: false);
        }
    }

    private Task<bool> HasAsync(ulong sequence) => session.AskAsync(patience => session.History.HasAsync(sequence, patience), session.Ended);

    private void Tell(bool isOverdue)
    {
        while (_arrivals.TryTake(isOverdue, out BackplaneMessage message))
        {
            listener.OnMessage(message);
        }
    }

    private static bool TryReadNumber(in NatsMsg<byte[]> message, string header, out ulong number)
    {
        number = 0;
        return message.Headers is { } headers && headers.TryGetValue(header, out Microsoft.Extensions.Primitives.StringValues value)
            && ulong.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
