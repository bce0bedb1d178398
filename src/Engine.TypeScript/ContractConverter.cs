using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.TypeScript;

/// <summary>Hands one type of a contract from System.Text.Json to its generated reader and writer.</summary>
/// <param name="read">The reader.</param>
/// <param name="write">The writer.</param>
/// <typeparam name="T">The type.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ContractConverter<T>(ContractConverter<T>.Reader read, Action<Utf8JsonWriter, T> write) : JsonConverter<T>
{
    /// <summary>Reads one value; ends on its last token.</summary>
    /// <param name="reader">At the first token of the value.</param>
    public delegate T Reader(ref Utf8JsonReader reader);

    /// <inheritdoc/>
    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => write(writer, value);
}
