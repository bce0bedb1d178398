using System.Globalization;
using Engine.PubSub;
using Engine.WebSockets;

namespace Orders;

/// <summary>Who looks at which order, known from the upgrade on.</summary>
/// <param name="Id">The order.</param>
/// <param name="After">The place behind which the client's page was rendered; null for none.</param>
internal sealed record OrderReader(int Id, TopicPosition? After);

/// <summary>
/// <c>/api/orders/{id}/ws</c>: the changes of one order as messages. A client that comes with <c>?after=</c> gets what it missed; any other, and one whose place is
/// not kept any more, begins with the order as it is.
/// </summary>
internal sealed class OrderSocket(OrderBook book) : WebSocketHandler<OrderReader>
{
    public override ValueTask OnUpgradeAsync(WebSocketUpgrade<OrderReader> upgrade)
    {
        ArgumentNullException.ThrowIfNull(upgrade);
        if (!int.TryParse(upgrade.Context.RouteParameters["id"], NumberStyles.None, CultureInfo.InvariantCulture, out int id) || book.Find(id) is null)
        {
            upgrade.Refuse(404);
            return ValueTask.CompletedTask;
        }

        bool hasPlace = TopicPosition.TryParse(Engine.Http1.RequestReaders.GetQueryValue(upgrade.Context.Request, "after"), out TopicPosition after);
        upgrade.Data = new OrderReader(id, hasPlace ? after : null);
        return ValueTask.CompletedTask;
    }

    public override void OnOpen(WebSocketConnection<OrderReader> socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        OrderReader reader = socket.Data!;

        // Subscribed first, read then: nothing falls between, and nothing of the topic leaves before this returns.
        SubscribeResult result = socket.Subscribe(OrderBook.TopicOf(reader.Id), reader.After);
        if (result.Status != SubscribeStatus.Recovered)
        {
            socket.TrySendJson(book.Find(reader.Id)!.Order, OrderJson.Default.Order);
        }
    }

    /// <summary>Readers only read.</summary>
    public override ValueTask OnMessage(WebSocketConnection<OrderReader> socket, WebSocketMessage message) => ValueTask.CompletedTask;
}
