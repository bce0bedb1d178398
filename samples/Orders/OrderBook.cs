using System.Text.Json;
using Engine.PubSub;

namespace Orders;

/// <summary>The orders, and their topics: <c>order.ID</c> has its changes, <c>member.NAME</c> what all devices of a member are told, <c>job.ID</c> how far a job is. Any thread.</summary>
internal sealed class OrderBook : IDisposable
{
    private readonly Dictionary<int, Order> _orders;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private int _lastJob;

    public OrderBook()
    {
        Order[] orders = [new(1, "ann", "a red bicycle", "received", 1), new(2, "bob", "three lemons", "packed", 1), new(3, "ann", "a very long rope", "received", 1)];
        _orders = orders.ToDictionary(static order => order.Id);
        Hub = new TopicHub(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = 50 }, OnError = static exception => Console.Error.WriteLine(exception) });
    }

    public TopicHub Hub { get; }

    public Order[] All
    {
        get
        {
            lock (_gate)
            {
                return [.. _orders.Values.OrderBy(static order => order.Id)];
            }
        }
    }

    public static string TopicOf(int id) => $"order.{id}";

    /// <summary>The order and a place in its topic. The place is taken first: a change in between is in both, and its version tells.</summary>
    public Snapshot? Find(int id)
    {
        lock (_gate)
        {
            if (!_orders.TryGetValue(id, out Order? order))
            {
                return null;
            }

            // The topic's life begins with its first message: a reader of an order that has not changed yet needs a place too.
            TopicPosition position = Hub.PositionOf(TopicOf(id));
            return new Snapshot(order, position.IsNone ? Publish(order).ToString() : position.ToString());
        }
    }

    /// <summary>Changes an order, and tells everybody who looks at it and all devices of its owner. Null for an order that does not exist.</summary>
    public Order? Change(int id, string status)
    {
        lock (_gate)
        {
            if (!_orders.TryGetValue(id, out Order? order))
            {
                return null;
            }

            order = order with { Status = status, Version = order.Version + 1 };
            _orders[id] = order;
            Publish(order);
            Hub.Publish($"member.{order.Owner}", $"Your order of {order.Item} is {status}.");
            return order;
        }
    }

    /// <summary>Starts to print a label. The job goes on whoever looks; its topic has all of it for those who come later.</summary>
    public JobProgress StartJob()
    {
        int job = Interlocked.Increment(ref _lastJob);
        _ = RunAsync(job);
        return new JobProgress(job, 0);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        Hub.Dispose();
    }

    private async Task RunAsync(int job)
    {
        try
        {
            for (int percent = 5; percent <= 100; percent += 5)
            {
                await Task.Delay(50, _stop.Token);
                byte[] progress = JsonSerializer.SerializeToUtf8Bytes(new JobProgress(job, percent), OrderJson.Default.JobProgress);
                Hub.Publish($"job.{job}", new TopicMessage(progress, PayloadKind.Json) { EventType = percent == 100 ? "done" : null });
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private TopicPosition Publish(Order order)
        => Hub.Publish(TopicOf(order.Id), new TopicMessage(JsonSerializer.SerializeToUtf8Bytes(order, OrderJson.Default.Order), PayloadKind.Json)).Position;
}
