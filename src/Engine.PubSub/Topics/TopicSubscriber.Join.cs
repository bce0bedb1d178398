namespace Engine.PubSub;

/// <summary>
/// Joining by state: the position is taken first, then the host produces the state, then what was published after the position follows. If the topic has overtaken
/// the position in the meantime, the state is of no use and is produced again.
/// </summary>
public abstract partial class TopicSubscriber
{
    private const int MaxJoinAttempts = 3;

    private Queue<JoinedState>? _states;

    private void Join(TopicOutlet outlet, int attempts)
    {
        int index = FindEntry(outlet.Topic);
        if (index < 0)
        {
            return;
        }

        ref TopicEntry entry = ref _entries[index];
        entry.State = TopicEntryState.Joining;
        entry.Offset = outlet.Offset;
        _ = JoinAsync(entry, outlet.Topic.PositionAt(outlet.Offset), attempts);
    }

    private async Task JoinAsync(TopicEntry joining, TopicPosition position, int attempts)
    {
        Topic topic = joining.Outlet.Topic;
        Publication? state = null;
        try
        {
            TopicMessage message = await topic.Options.GetState!(topic.Name, position, Connection.ClosedToken).ConfigureAwait(true);
            state = new Publication(topic.Name, SharedSegment.Copy(message.Payload.Span), message, except: 0)
            {
                IsState = true,
                TopicNumber = topic.Number,
                TopicKind = topic.Options.Kind,
            };
            state.Place(position, position.Offset);
        }
        catch (OperationCanceledException) when (!Connection.IsOpen)
        {
            return;
        }
        catch (Exception exception)
        {
            _hub.ReportError(exception);
        }

        Connection.Post(_ => Joined(joining, state, position, attempts), null);
    }

    private void Joined(in TopicEntry joining, Publication? state, TopicPosition position, int attempts)
    {
        TopicOutlet outlet = joining.Outlet;
        int index = FindEntry(joining);
        if (IsClosed || index < 0 || _entries[index].State != TopicEntryState.Joining || _entries[index].Offset != position.Offset)
        {
            state?.Release();
            return;
        }

        ulong floor;
        lock (outlet.Topic.Gate)
        {
            floor = outlet.Topic.Log.Floor;
        }

        if (state is not null && floor > position.Offset && attempts < MaxJoinAttempts)
        {
            state.Release();
            outlet.Deliver();
            Join(outlet, attempts + 1);
            return;
        }

        if (state is null)
        {
            // Without a state the subscription goes on all the same, and is told what it lacks.
            GoOnAfter(index, position);
        }
        else
        {
            (_states ??= new Queue<JoinedState>()).Enqueue(new JoinedState(joining, state));
        }

        _loop.Schedule(this);
    }

    /// <summary>Sends the states that wait, before anything of the log. False when nothing more can be sent now.</summary>
    private bool SendStates()
    {
        while (_states is not null && _states.TryPeek(out JoinedState next))
        {
            int index = FindEntry(next.Entry);
            SendStatus status = SendStatus.Sent;
            if (index >= 0)
            {
                SharedSegment encoded = next.State.SegmentFor(Form);
                status = Fits(encoded.Memory.Length) ? TrySend(next.State, encoded) : SendLarge(index, next.State, encoded);
                if (status == SendStatus.Closed)
                {
                    Close();
                    return false;
                }

                if (status == SendStatus.Dropped && _sendsUnderWay == 0)
                {
                    return false;
                }

                GoOnAfter(index, next.State.Position);
            }

            _states.Dequeue();
            next.State.Release();
            if (status != SendStatus.Sent)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What was published after the position that the state was asked for comes next.</summary>
    private void GoOnAfter(int index, TopicPosition position)
    {
        ref TopicEntry entry = ref _entries[index];
        entry.State = TopicEntryState.Behind;
        entry.Floor = position.Offset;
    }

    private void ForgetStates()
    {
        while (_states is not null && _states.TryDequeue(out JoinedState next))
        {
            next.State.Release();
        }
    }

    /// <summary>A state that waits to be sent to the subscription that asked for it.</summary>
    private readonly record struct JoinedState(TopicEntry Entry, Publication State);
}
