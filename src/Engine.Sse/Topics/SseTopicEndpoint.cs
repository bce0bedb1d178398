using Engine.Http1;

namespace Engine.Sse;

/// <summary>What the streams of topics of one route share, and the way of a request to its stream.</summary>
internal sealed class SseTopicEndpoint
{
    private readonly SseEndpoint _streams;

    public SseTopicEndpoint(TopicHub hub, SseTopicOptions options)
    {
        Hub = hub;
        Options = options.Freeze();
        Names = new SseEventNames(Options.GapEventType, Options.RemovalEventType, Options.NameEventsByTopic);
        Names.Check();
        _streams = new SseEndpoint(Options.Stream);
        FormWithId = new SseTopicForm(Names, WriteId);
        FormWithoutId = new SseTopicForm(Names, writeId: null);
    }

    public TopicHub Hub { get; }

    public SseTopicOptions Options { get; }

    public SseEventNames Names { get; }

    /// <summary>For streams of one topic.</summary>
    public SseTopicForm FormWithId { get; }

    /// <summary>For streams of several topics, whose ids are their own.</summary>
    public SseTopicForm FormWithoutId { get; }

    /// <summary>For streams of messages of <c>topics.v1</c>.</summary>
    public SseTopicMessageForm FormOfMessages { get; } = new();

    public HttpServer Map(HttpServer server, string pattern) => _streams.Map(server, pattern, RunAsync);

    public async ValueTask RunAsync(HttpContext context)
    {
        SseTopicSubscriber? subscriber = null;
        try
        {
            await _streams.RunAsync(
                context,
                async context =>
                {
                    (SseAdmission admission, subscriber) = await AdmitAsync(context);
                    return admission;
                },
                (stream, closed) => ServeAsync(stream, subscriber!, closed));
        }
        finally
        {
            if (subscriber is not null)
            {
                Close(subscriber);
            }
        }
    }

    private static void WriteId(EventBuffer buffer, Publication publication)
    {
        Span<byte> line = buffer.GetSpan(SseTopicIds.MaxLineBytes(1));
        buffer.Advance(SseTopicIds.WriteLine(line, [publication.Position]));
    }

    private static async Task ServeAsync(SseStream stream, SseTopicSubscriber subscriber, CancellationToken closed)
    {
        if (stream.Connection.IsOnLoop)
        {
            subscriber.Start(stream);
        }
        else
        {
            stream.Connection.Post(_ => subscriber.Start(stream), null);
        }

        var ended = new TaskCompletionSource();
        using CancellationTokenRegistration registration = closed.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        await ended.Task;
    }

    private static void Close(SseTopicSubscriber subscriber)
    {
        if (subscriber.Connection.IsOnLoop)
        {
            subscriber.Close();
        }
        else
        {
            subscriber.Connection.Post(static state => ((SseTopicSubscriber)state!).Close(), subscriber);
        }
    }

    private async ValueTask<(SseAdmission Admission, SseTopicSubscriber? Subscriber)> AdmitAsync(HttpContext context)
    {
        IReadOnlyList<string> topics = Options.SelectTopicsAsync is { } select
            ? await select(context)
            : [.. context.Request.GetQueryValues(Options.TopicParameter).Distinct(StringComparer.Ordinal)];
        if (topics.Count == 0)
        {
            return Refuse(context, 400);
        }

        if (SseTopicRequest.Read(context, topics, Options.Stream.LastEventIdParameter) is not { } request)
        {
            return Refuse(context, 400);
        }

        var forbidden = new HashSet<string>(StringComparer.Ordinal);
        foreach (string topic in topics)
        {
            if (Options.AuthorizeAsync is { } authorize && !await authorize(context, topic))
            {
                if (!request.IsProtocol || context.Response.StatusCode != 200)
                {
                    return (SseAdmission.Refused, null);
                }

                forbidden.Add(topic);
            }
        }

        for (int i = 0; i < topics.Count; i++)
        {
            if (!forbidden.Contains(topics[i]))
            {
                await Hub.PrepareAsync(topics[i], request.AfterOf(i));
            }
        }

        var subscription = new Subscription(this, context, request, forbidden);
        (SubscribeStatus status, SseTopicSubscriber? subscriber) = context.Connection.IsOnLoop ? subscription.Begin() : await subscription.BeginOnLoopAsync();
        return status switch
        {
            SubscribeStatus.Subscribed => (SseAdmission.Admitted, subscriber),
            SubscribeStatus.TooManyTopics or SubscribeStatus.Closed or SubscribeStatus.Unavailable => (SseAdmission.Full, null),
            _ => Refuse(context, 400),
        };
    }

    private static (SseAdmission Admission, SseTopicSubscriber? Subscriber) Refuse(HttpContext context, int statusCode)
    {
        context.Response.StatusCode = statusCode;
        return (SseAdmission.Refused, null);
    }

    /// <summary>The step that belongs to the loop, for handlers that run there and for those that run on the thread pool.</summary>
    private sealed class Subscription(SseTopicEndpoint endpoint, HttpContext context, SseTopicRequest request, HashSet<string> forbidden)
    {
        private TaskCompletionSource<(SubscribeStatus, SseTopicSubscriber?)>? _begun;

        public (SubscribeStatus Status, SseTopicSubscriber? Subscriber) Begin()
        {
            var subscriber = new SseTopicSubscriber(context.Connection, endpoint, request) { MemberName = endpoint.Options.GetMemberName?.Invoke(context) };
            return (subscriber.SubscribeAll(forbidden), subscriber);
        }

        public Task<(SubscribeStatus Status, SseTopicSubscriber? Subscriber)> BeginOnLoopAsync()
        {
            _begun = new TaskCompletionSource<(SubscribeStatus, SseTopicSubscriber?)>(TaskCreationOptions.RunContinuationsAsynchronously);
            context.Connection.Post(static state => ((Subscription)state!).BeginPosted(), this);
            return _begun.Task;
        }

        private void BeginPosted()
        {
            try
            {
                _begun!.SetResult(Begin());
            }
            catch (Exception exception)
            {
                _begun!.SetException(exception);
            }
        }
    }
}
