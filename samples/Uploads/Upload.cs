using System.Text.Json.Serialization;

namespace Uploads;

/// <summary>What is told about a file that was sent.</summary>
internal sealed record Upload(string Name, long Bytes, string Sha256);

/// <summary>The shapes of the API, as source-generated metadata.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(List<Upload>))]
internal sealed partial class Shapes : JsonSerializerContext;
