using System.Net;
using System.Text.Json;

namespace Orders;

/// <summary>The page of one order: its state is in it, and the place behind which the page goes on, so that there is no hole between the two.</summary>
internal static class OrderPage
{
    public static string Render(Snapshot snapshot)
    {
        Order order = snapshot.Order;

        // In a script element nothing but "<" could end it.
        string state = JsonSerializer.Serialize(snapshot, OrderJson.Default.Snapshot).Replace("<", "\\u003c", StringComparison.Ordinal);
        return $"""
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Order {order.Id}</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="../style.css">
            <script id="state" type="application/json">{state}</script>
            <script type="module" src="../order.js"></script>
            <h1>Order {order.Id}: {WebUtility.HtmlEncode(order.Item)}</h1>
            <p>Status: <output id="status">{WebUtility.HtmlEncode(order.Status)}</output> <small>version <span id="version">{order.Version}</span>, <span id="wire"></span></small></p>
            <p><button id="print">Print the label</button> <progress id="job" max="100" value="0"></progress> <span id="percent"></span></p>
            <h2>Told to all devices of {WebUtility.HtmlEncode(order.Owner)}</h2>
            <ol id="notes" aria-live="polite"></ol>
            <p><a href="?by=ws">by WebSocket</a> · <a href="?by=sse">by events</a> · <a href="../admin.html">admin</a></p>
            """;
    }
}
