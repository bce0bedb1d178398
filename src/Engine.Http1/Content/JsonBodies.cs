using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.Http1;

/// <summary>
/// Requests and responses as JSON, by the metadata of a source-generated
/// <see cref="System.Text.Json.Serialization.JsonSerializerContext"/>: no reflection.
/// </summary>
public static class JsonBodies
{
    /// <summary>
    /// Reads the whole body as one JSON value. The Content-Type must be <c>application/json</c> or end in <c>+json</c>: a page of another
    /// origin can send other types without asking.
    /// </summary>
    /// <param name="request">Its body has not been read.</param>
    /// <param name="typeInfo">From a generated context.</param>
    /// <param name="maxBytes">The longest body; 1 MiB by default.</param>
    /// <param name="cancellationToken">Ends the wait for the body.</param>
    /// <returns>The value; null when the body is the word <c>null</c>.</returns>
    /// <exception cref="RequestBodyException">
    /// Another type of content (status 415), not JSON or not of this type (400), longer than <paramref name="maxBytes"/> (413), or the body
    /// could not be read. A handler that lets it pass has responded with that status.
    /// </exception>
    public static async ValueTask<T?> ReadJsonAsync<T>(
        this HttpRequest request, JsonTypeInfo<T> typeInfo, int maxBytes = 1 << 20, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(typeInfo);
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        if (!HasJson(request))
        {
            throw new RequestBodyException("The content is not said to be JSON.", 415);
        }

        if (request.ContentLength > maxBytes)
        {
            throw TooLong();
        }

        PipeReader body = request.Body;
        while (true)
        {
            ReadResult result = await body.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> bytes = result.Buffer;
            if (bytes.Length > maxBytes)
            {
                throw TooLong();
            }

            if (result.IsCompleted)
            {
                try
                {
                    return Parse(bytes, typeInfo);
                }
                finally
                {
                    body.AdvanceTo(bytes.End);
                }
            }

            body.AdvanceTo(bytes.Start, bytes.End);
        }
    }

    /// <summary>
    /// Writes a value as JSON; the Content-Type becomes <c>application/json</c> if none was set. The whole of it is written before any of
    /// it is sent.
    /// </summary>
    /// <param name="response">It may have started.</param>
    /// <param name="value">Not changed by anybody until the call returns.</param>
    /// <param name="typeInfo">From a generated context.</param>
    /// <param name="cancellationToken">Ends the wait for room.</param>
    /// <exception cref="IOException">The peer is gone.</exception>
    /// <exception cref="NotSupportedException">The type cannot be written without waiting (<see cref="IAsyncEnumerable{T}"/>).</exception>
    public static ValueTask WriteJsonAsync<T>(this HttpResponse response, T value, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentNullException.ThrowIfNull(typeInfo);
        PipeWriter body = response.BodyWriter;
        if (!response.HasStarted)
        {
            response.ContentType ??= "application/json";
        }

        JsonOutput output = response.JsonOutput ??= new JsonOutput();
        output.Write(body, value, typeInfo);
        return response.WriteAsync(ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    private static bool HasJson(HttpRequest request)
    {
        if (!request.Headers.TryGetBytes("Content-Type", out ReadOnlySpan<byte> value))
        {
            return false;
        }

        MediaType type = MediaType.Parse(value);
        if (!type.IsJson)
        {
            return false;
        }

        var parameters = new ParameterReader(type.Parameters);
        while (parameters.TryRead())
        {
            // RFC 8259 §8.1: JSON between systems is UTF-8.
            if (parameters.IsNamed("charset"u8) && !Ascii.EqualsIgnoreCase(parameters.Value, "utf-8"u8))
            {
                return false;
            }
        }

        return true;
    }

    private static T? Parse<T>(ReadOnlySequence<byte> bytes, JsonTypeInfo<T> typeInfo)
    {
        Span<byte> mark = stackalloc byte[3];
        if (bytes.Length >= 3)
        {
            bytes.Slice(0, 3).CopyTo(mark);
            bytes = mark.SequenceEqual("\uFEFF"u8) ? bytes.Slice(3) : bytes;
        }

        JsonSerializerOptions options = typeInfo.Options;
        var reader = new Utf8JsonReader(
            bytes,
            new JsonReaderOptions
            {
                AllowTrailingCommas = options.AllowTrailingCommas,
                CommentHandling = options.ReadCommentHandling,
                MaxDepth = options.MaxDepth,
            });
        try
        {
            T? value = JsonSerializer.Deserialize(ref reader, typeInfo);
            while (reader.Read())
            {
                // Only comments may follow, where the options allow any: another value throws.
            }

            return value;
        }
        catch (JsonException exception)
        {
            throw new RequestBodyException("The content is not the JSON that is expected.", 400, exception);
        }
    }

    private static RequestBodyException TooLong() => new("The body is longer than the handler takes.", 413);
}
