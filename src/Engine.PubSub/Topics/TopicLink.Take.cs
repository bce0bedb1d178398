namespace Engine.PubSub;

/// <summary>How what a broker brings gets into the topic's log. Under the link's lock.</summary>
internal sealed partial class TopicLink
{
    private bool TryTake(BackplaneHistory history)
    {
        bool isFirst = _epoch == 0;
        if (isFirst)
        {
            _epoch = history.Epoch;
            _topic.Rebase(history.Epoch, node.Broker.Traits.HasConsecutiveOffsets);
        }
        else if (_epoch != history.Epoch)
        {
            return false;
        }

        if (_topic.Lose(history.Floor) && !isFirst)
        {
            node.Metrics.AddGap();
        }

        foreach (BackplaneMessage message in history.Messages)
        {
            Append(message, message.PreviousOffset ?? _topic.Log.Head);
        }

        if (!history.HasMore)
        {
            _topic.AdvanceTo(history.Head);
        }

        return true;
    }

    private Fit TryTake(in BackplaneMessage message)
    {
        if (message.Position.Epoch != _epoch)
        {
            return Fit.OtherEpoch;
        }

        ulong head;
        lock (_topic.Gate)
        {
            head = _topic.Log.Head;
        }

        if (message.Position.Offset <= head)
        {
            return Fit.Taken;
        }

        if (message.PreviousOffset is not { } previous || previous > head)
        {
            return Fit.Hole;
        }

        Append(message, previous);
        return Fit.Taken;
    }

    private void Append(in BackplaneMessage message, ulong previousOffset)
    {
        if (!BackplaneEnvelope.TryRead(message.Payload, out BackplaneEnvelope envelope))
        {
            node.ReportError(new InvalidDataException("A message on the broker is none of a hub."));
            _topic.AdvanceTo(message.Position.Offset);
            return;
        }

        TopicMessage content = envelope.Message;
        _topic.Accept(MakePublication(content, envelope), content, message.Position.Offset, previousOffset);
    }

    /// <summary>Own messages have been delivered; each other node's are counted by their chain.</summary>
    private void TakeUnkept(in BackplaneMessage message)
    {
        if (!BackplaneEnvelope.TryRead(message.Payload, out BackplaneEnvelope envelope))
        {
            node.ReportError(new InvalidDataException("A message on the broker is none of a hub."));
            return;
        }

        if (envelope.Origin == node.Origin)
        {
            return;
        }

        if (_origins.TryGetValue(envelope.Origin, out long last))
        {
            if (envelope.Sequence <= last)
            {
                return;
            }

            if (envelope.PreviousSequence > last && _topic.Lose(null))
            {
                node.Metrics.AddGap();
            }
        }

        _origins[envelope.Origin] = envelope.Sequence;
        TopicMessage content = envelope.Message;
        Publication publication = MakePublication(content, envelope);
        if (!_topic.TryPublish(publication, content, out _))
        {
            // The topic has ended here.
            publication.Release();
        }
    }

    private Publication MakePublication(in TopicMessage content, in BackplaneEnvelope envelope)
        => new(_topic.Name, SharedSegment.Copy(content.Payload.Span), content, envelope.Origin == node.Origin ? envelope.Except : 0)
        {
            TopicNumber = _topic.Number,
            TopicKind = _topic.Options.Kind,
        };

    private void Hold(in BackplaneMessage message)
    {
        if (_held.Count >= MaxHeldMessages)
        {
            // The broker keeps them: they are read after what is read now.
            _held = new Queue<BackplaneMessage>();
            _wanted++;
        }

        _held.Enqueue(message);
    }
}
