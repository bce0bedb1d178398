using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Http1;

/// <summary>Tells the host's subscribers of exceptions that left its code. One that fails keeps nobody else from being told. Any thread.</summary>
internal sealed class FailureChannel
{
    private Action<Connection?, Exception>? _subscribers;

    /// <summary>Where failures of subscribers are logged; set when the server starts.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    public void Subscribe(Action<Connection?, Exception>? subscriber) => Update(subscriber, static (all, one) => all + one);

    public void Unsubscribe(Action<Connection?, Exception>? subscriber) => Update(subscriber, static (all, one) => all - one);

    public void Raise(Connection? connection, Exception exception)
    {
        foreach (Action<Connection?, Exception> subscriber in Delegate.EnumerateInvocationList(Volatile.Read(ref _subscribers)))
        {
            try
            {
                subscriber(connection, exception);
            }
            catch (Exception failure)
            {
                HttpLog.SubscriberFailed(Logger, "HandlerFailed", failure);
            }
        }
    }

    private void Update(
        Action<Connection?, Exception>? subscriber,
        Func<Action<Connection?, Exception>?, Action<Connection?, Exception>?, Action<Connection?, Exception>?> change)
    {
        Action<Connection?, Exception>? before;
        do
        {
            before = Volatile.Read(ref _subscribers);
        }
        while (Interlocked.CompareExchange(ref _subscribers, change(before, subscriber), before) != before);
    }
}
