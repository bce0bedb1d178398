using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Engine.Http1;

namespace Engine.Sse;

/// <summary>Publishes what is posted, and says where it stands.</summary>
internal sealed class TopicPublishEndpoint(TopicHub hub, TopicPublishOptions options)
{
    private const string PositionField = "Topic-Position";

    public async ValueTask RunAsync(HttpContext context)
    {
        string topic = context.RouteParameters["topic"] ?? "";
        if (options.AuthorizeAsync is { } authorize && !await authorize(context, topic))
        {
            if (!context.Response.HasStarted && context.Response.StatusCode == 200)
            {
                context.Response.StatusCode = 403;
            }

            return;
        }

        byte[] body = await context.Request.ReadBytesAsync(options.MaxBodyBytes);
        if (!TryCreate(context, topic, body, out TopicMessage message))
        {
            context.Response.StatusCode = 400;
            return;
        }

        PublishResult result = await hub.PublishAsync(topic, message);
        context.Response.StatusCode = result.Status switch
        {
            PublishStatus.Published => 201,
            PublishStatus.Duplicate => 200,
            PublishStatus.Outdated => 409,
            PublishStatus.InvalidTopic => 400,
            PublishStatus.TooLarge => 413,
            _ => 503,
        };
        if (!result.Position.IsNone)
        {
            context.Response.Headers[PositionField] = result.Position.ToString();
        }

        await AnswerAsync(context, result);
    }

    /// <summary>The position as it is; as JSON, with what became of the message, for clients that accept that only.</summary>
    private static ValueTask AnswerAsync(HttpContext context, PublishResult result)
    {
        if (context.Request.Headers["Accept"] is { } accept && accept.Contains("application/json", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.ContentType = "application/json";
            string status = JsonNamingPolicy.CamelCase.ConvertName(result.Status.ToString());
            return context.Response.WriteAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{{\"status\":\"{status}\",\"position\":\"{result.Position}\",\"delivered\":{result.Delivered},\"behind\":{result.Behind}}}\n"));
        }

        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(result.Position.IsNone ? "" : $"{result.Position}\n");
    }

    private bool TryCreate(HttpContext context, string topic, ReadOnlyMemory<byte> body, out TopicMessage message)
    {
        if (options.CreateMessage is { } create)
        {
            message = create(context, topic, body);
            return true;
        }

        PayloadKind kind = KindOf(context.Request.Headers["Content-Type"]);
        message = new TopicMessage(body, kind)
        {
            Key = context.Request.GetQueryValue("key"),
            EventType = context.Request.GetQueryValue("event"),
            IdempotencyKey = context.Request.Headers["Idempotency-Key"],
        };
        return message.EventType?.AsSpan().IndexOfAny('\r', '\n', '\0') is null or < 0 && kind switch
        {
            PayloadKind.Json => IsJson(body.Span),
            PayloadKind.Text => Utf8.IsValid(body.Span),
            _ => true,
        };
    }

    private static PayloadKind KindOf(string? contentType)
    {
        if (contentType is null || contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || contentType.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            return PayloadKind.Text;
        }

        string type = contentType.Split(';')[0].Trim();
        bool isJson = type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
        return isJson ? PayloadKind.Json : PayloadKind.Binary;
    }

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
            }

            return !body.IsEmpty;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
