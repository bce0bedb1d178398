using System.Collections.Concurrent;

namespace Engine.PubSub;

/// <summary>Activations and deactivations on their way to the host: one at a time, in order, outside of every lock. Any thread.</summary>
internal sealed class TopicNotices(Action<Exception> onError)
{
    private readonly ConcurrentQueue<(TopicHub Hub, string Topic, bool IsActivation)> _waiting = new();
    private int _count;

    public void Add(TopicHub hub, string topic, bool isActivation)
    {
        _waiting.Enqueue((hub, topic, isActivation));
        if (Interlocked.Increment(ref _count) == 1)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static notices => notices.Run(), this, preferLocal: false);
        }
    }

    private void Run()
    {
        do
        {
            _waiting.TryDequeue(out (TopicHub Hub, string Topic, bool IsActivation) notice);
            try
            {
                notice.Hub.Notify(notice.Topic, notice.IsActivation);
            }
            catch (Exception exception)
            {
                onError(exception);
            }
        }
        while (Interlocked.Decrement(ref _count) > 0);
    }
}
