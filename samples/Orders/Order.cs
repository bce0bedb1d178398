using System.Text.Json.Serialization;

namespace Orders;

/// <summary>One order, as everybody sees it. Each change is published as the whole, so that the newest is always enough.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Item">What was ordered.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Version">Rises with each change.</param>
internal sealed record Order(int Id, string Owner, string Item, string Status, int Version);

/// <summary>An order with the place in its topic behind which changes follow.</summary>
internal sealed record Snapshot(Order Order, string Position);

/// <summary>How far a job is.</summary>
internal sealed record JobProgress(int Job, int Percent);

/// <summary>What an admin asks for.</summary>
internal sealed record StatusChange(string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Order[]))]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(JobProgress))]
[JsonSerializable(typeof(StatusChange))]
internal sealed partial class OrderJson : JsonSerializerContext;
