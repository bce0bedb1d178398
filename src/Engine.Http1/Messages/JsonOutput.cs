using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.Http1;

/// <summary>The JSON writer of a response, kept with its pooled context so that writing a value allocates no writer.</summary>
internal sealed class JsonOutput
{
    private Utf8JsonWriter? _writer;
    private JsonSerializerOptions? _options;

    public void Write<T>(IBufferWriter<byte> destination, T value, JsonTypeInfo<T> typeInfo)
    {
        Utf8JsonWriter writer = Writer(destination, typeInfo.Options);
        try
        {
            JsonSerializer.Serialize(writer, value, typeInfo);
            writer.Flush();
        }
        finally
        {
            // Without what a value that threw has left in it.
            writer.Reset(Nowhere.Instance);
        }
    }

    private Utf8JsonWriter Writer(IBufferWriter<byte> destination, JsonSerializerOptions options)
    {
        if (_writer is { } kept && ReferenceEquals(_options, options))
        {
            kept.Reset(destination);
            return kept;
        }

        // Disposing it would only flush it, which each value does.
        var writer = new Utf8JsonWriter(
            destination,
            new JsonWriterOptions
            {
                Encoder = options.Encoder,
                Indented = options.WriteIndented,
                IndentCharacter = options.IndentCharacter,
                IndentSize = options.IndentSize,
                NewLine = options.NewLine,
                MaxDepth = options.MaxDepth,
                SkipValidation = true,
            });
        _writer = writer;
        _options = options;
        return writer;
    }

    /// <summary>What a writer at rest points to, so that it keeps no response alive and writes into none.</summary>
    private sealed class Nowhere : IBufferWriter<byte>
    {
        public static readonly Nowhere Instance = new();

        public void Advance(int count) => throw new InvalidOperationException("The writer is at rest.");

        public Memory<byte> GetMemory(int sizeHint = 0) => throw new InvalidOperationException("The writer is at rest.");

        public Span<byte> GetSpan(int sizeHint = 0) => throw new InvalidOperationException("The writer is at rest.");
    }
}
