namespace Engine.Backplane.RabbitMq;

/// <summary>Where RabbitMQ is and what may wait in it. Read when the backplane is made; later changes have no effect.</summary>
public sealed class RabbitMqBackplaneOptions
{
    /// <param name="url">The server, as <c>amqp://user:password@127.0.0.1:5672/vhost</c>, or <c>amqps://</c> for TLS.</param>
    public RabbitMqBackplaneOptions(string url)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        Url = url;
    }

    /// <summary>The server.</summary>
    public string Url { get; }

    /// <summary>Names the broker in metrics and decides which topics are its own where there are several; <c>rabbitmq</c> by default.</summary>
    public string Name { get; set; } = "rabbitmq";

    /// <summary>The exchange's name; <c>engine</c> by default. Hubs of one exchange share their topics.</summary>
    public string Exchange { get; set; } = "engine";

    /// <summary>Messages that wait in the server for one node; 100,000 by default. Past that the oldest are dropped, and the node's subscribers are told of the gap.</summary>
    public int MaxQueuedMessages { get; set; } = 100_000;

    internal RabbitMqBackplaneOptions Freeze()
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("amqp" or "amqps"))
        {
            throw new ArgumentException("The server's address begins with amqp:// or amqps://.", nameof(Url));
        }

        ArgumentException.ThrowIfNullOrEmpty(Name, nameof(Name));
        ArgumentException.ThrowIfNullOrEmpty(Exchange, nameof(Exchange));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxQueuedMessages, 1, nameof(MaxQueuedMessages));
        return (RabbitMqBackplaneOptions)MemberwiseClone();
    }
}
