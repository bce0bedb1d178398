using System.Text;
using System.Text.Json;

namespace Engine.TypeScript.Tests;

/// <summary>What the generated readers take and refuse.</summary>
[Category("Pure")]
public sealed class GeneratedJsonTests
{
    [Test]
    public void What_was_written_is_read_as_the_same()
    {
        Gaps gaps = Read(Samples.Gaps);
        Assert.That(JsonSerializer.Serialize(gaps, ContractJson.Gaps), Is.EqualTo(Samples.Gaps));
        Nested nested = JsonSerializer.Deserialize(Samples.Nested, ContractJson.Nested)!;
        Assert.That(JsonSerializer.Serialize(nested, ContractJson.Nested), Is.EqualTo(Samples.Nested));
        Assert.That(nested.Shapes[0], Is.TypeOf<Polygon>());
        Scalars scalars = JsonSerializer.Deserialize(Samples.Scalars, ContractJson.Scalars)!;
        Assert.That(JsonSerializer.Serialize(scalars, ContractJson.Scalars), Is.EqualTo(Samples.Scalars));
        Assert.That(scalars.Serial, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void Members_that_are_left_out_have_the_values_that_CSharp_gives_them()
    {
        Gaps gaps = Read("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"type":"gaps","read":null}""");
        Assert.That(gaps, Is.EqualTo(new Gaps(null, null, null) { Read = null }));
        Assert.That((gaps.Named, gaps.Count, gaps.Mood, gaps.Weight, gaps.Kind), Is.EqualTo(("nobody", 5, Mood.SoSo, 1.5, "usual")));
    }

    [Test]
    public void Null_is_written_or_left_out_as_the_property_says()
    {
        string json = Samples.Gaps;
        Assert.That(json, Does.Contain("\"note\":null").And.Not.Contain("hint").And.Not.Contain("secret").And.Not.Contain("twice").And.Contain("\"the-kind\":\"usual\""));
    }

    [Test]
    public void Members_that_the_contract_does_not_have_are_passed_over()
    {
        Gaps gaps = Read("""{"more":{"a":[1,{"type":"x"}]},"nullable":"a","nullableCount":1,"nullableSerial":"2","type":"gaps","read":null,"yet":[[]]}""");
        Assert.That(gaps.NullableSerial, Is.EqualTo(2));
    }

    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"type":"gaps"}""", "read", TestName = "A_required_member_is_missing")]
    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"read":null}""", "type", TestName = "The_type_is_missing")]
    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"type":"other","read":null}""", "type", TestName = "The_type_is_another")]
    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":5,"type":"gaps","read":null}""", "string", TestName = "A_long_is_a_number")]
    [TestCase("""{"nullable":null,"nullableCount":2147483648,"nullableSerial":null,"type":"gaps","read":null}""", "32-bit", TestName = "An_int_is_too_large")]
    [TestCase("""{"nullable":5,"nullableCount":null,"nullableSerial":null,"type":"gaps","read":null}""", "string", TestName = "A_string_is_a_number")]
    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"named":null,"type":"gaps","read":null}""", "string", TestName = "Null_stands_where_it_may_not")]
    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"mood":"Bad","type":"gaps","read":null}""", "Mood", TestName = "An_enum_has_no_such_value")]
    [TestCase("""{"nullable":null,"nullableCount":null,"nullableSerial":null,"type":"gaps","read":"yesterday"}""", "ISO 8601", TestName = "A_date_is_none")]
    [TestCase("[]", "object", TestName = "It_is_no_object")]
    public void What_breaks_the_contract_is_refused(string json, string reason)
        => Assert.That(() => Read(json), Throws.InstanceOf<JsonException>().With.Message.Contains(reason));

    [Test]
    public void A_union_is_refused_without_a_case_it_knows()
    {
        Assert.That(() => JsonSerializer.Deserialize(Samples.Nested.Replace("\"circle\"", "\"square\"", StringComparison.Ordinal), ContractJson.Nested), Throws.InstanceOf<JsonException>());
        Assert.That(() => JsonSerializer.Deserialize(Samples.Nested.Replace("\"kind\"", "\"kin\"", StringComparison.Ordinal), ContractJson.Nested), Throws.InstanceOf<JsonException>());
    }

    [Test]
    public void Types_are_found_by_the_resolver()
    {
        Assert.That(JsonSerializer.Serialize<object>(new Empty(), ContractJson.Options), Is.EqualTo("""{"type":"empty"}"""));
        Assert.That(ContractJson.Resolver.GetTypeInfo(typeof(string), ContractJson.Options), Is.Null);
    }

    [Test]
    public async Task A_value_that_comes_in_parts_is_read_whole()
    {
        // Through a stream the serializer hands over what it has of it; a converter is given values as a whole.
        await using var parts = new OneByteStream(Encoding.UTF8.GetBytes(Samples.Nested));
        Nested nested = (await JsonSerializer.DeserializeAsync(parts, ContractJson.Nested))!;
        Assert.That(JsonSerializer.Serialize(nested, ContractJson.Nested), Is.EqualTo(Samples.Nested));
    }

    [Test]
    public void Json_without_end_ends_at_the_depth_that_readers_have()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"name\":\"a\",\"children\":[", 1000));
        string json = Samples.Nested.Replace("\"tree\":{\"name\":\"root\",\"children\":[", $"\"tree\":{deep}", StringComparison.Ordinal);
        Assert.That(() => JsonSerializer.Deserialize(json, ContractJson.Nested), Throws.InstanceOf<JsonException>());
    }

    private static Gaps Read(string json) => JsonSerializer.Deserialize(json, ContractJson.Gaps)!;

    private sealed class OneByteStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
