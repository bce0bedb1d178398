namespace Engine.PubSub;

/// <summary>A hub's ear at a broker. Any thread; calls for one topic come one at a time, in the broker's order. Never throws.</summary>
public interface IBackplaneListener
{
    /// <summary>A message of a topic that was subscribed to has arrived. Own messages arrive too.</summary>
    void OnMessage(in BackplaneMessage message);

    /// <summary>
    /// The connection is there for the first time, has failed, or is there again. Told after every interruption during which something may have been missed, however short.
    /// </summary>
    void OnStateChanged(BackplaneState state);
}
