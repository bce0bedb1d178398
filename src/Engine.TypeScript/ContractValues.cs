using System.ComponentModel;
using System.Globalization;
using System.Text.Json;

namespace Engine.TypeScript;

/// <summary>Reads the values of a contract for the generated code. Each method throws <see cref="JsonException"/> for a value of another type; nothing is converted.</summary>
/// <remarks>64-bit integers and decimals are strings in JSON, because JavaScript would round them.</remarks>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ContractValues
{
    /// <summary>Checks that an object begins here.</summary>
    public static void BeginObject(ref Utf8JsonReader reader) => Expect(ref reader, JsonTokenType.StartObject, "an object");

    /// <summary>Checks that an array begins here.</summary>
    public static void BeginArray(ref Utf8JsonReader reader) => Expect(ref reader, JsonTokenType.StartArray, "an array");

    /// <summary>Moves to the next member's name; returns false at the end of the object.</summary>
    public static bool NextMember(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>Moves to the next item; returns false at the end of the array.</summary>
    public static bool NextItem(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType != JsonTokenType.EndArray;

    /// <summary>Passes over the value of a member that the contract does not have.</summary>
    public static void Skip(ref Utf8JsonReader reader)
    {
        if (!reader.TrySkip())
        {
            throw new JsonException("The value is not complete.");
        }
    }

    /// <summary>Finds the member that tells which type an object is of, wherever it stands. The reader that was given does not move.</summary>
    /// <param name="reader">At the start of the object.</param>
    /// <param name="name">The member's name.</param>
    /// <param name="value">At the member's value.</param>
    /// <returns>Whether there is such a member, and whether it is a string.</returns>
    public static bool TryFindDiscriminator(Utf8JsonReader reader, ReadOnlySpan<byte> name, out Utf8JsonReader value)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (NextMember(ref reader))
            {
                bool isFound = reader.ValueTextEquals(name);
                if (!reader.Read())
                {
                    break;
                }

                if (isFound)
                {
                    value = reader;
                    return reader.TokenType == JsonTokenType.String;
                }

                Skip(ref reader);
            }
        }

        value = default;
        return false;
    }

    /// <summary>Reads true or false.</summary>
    public static bool ReadBoolean(ref Utf8JsonReader reader)
        => reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean() : throw Wrong(ref reader, "true or false");

    /// <summary>Reads a string.</summary>
    public static string ReadString(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Wrong(ref reader, "a string");

    /// <summary>Reads a string of one UTF-16 unit.</summary>
    public static char ReadChar(ref Utf8JsonReader reader) => ReadString(ref reader) is [char only] ? only : throw Wrong(ref reader, "a string of one character");

    /// <summary>Reads a number that fits a <see cref="byte"/>.</summary>
    public static byte ReadByte(ref Utf8JsonReader reader) => IsNumber(ref reader) && reader.TryGetByte(out byte value) ? value : throw Wrong(ref reader, "a byte");

    /// <summary>Reads a number that fits an <see cref="sbyte"/>.</summary>
    public static sbyte ReadSByte(ref Utf8JsonReader reader) => IsNumber(ref reader) && reader.TryGetSByte(out sbyte value) ? value : throw Wrong(ref reader, "an 8-bit integer");

    /// <summary>Reads a number that fits a <see cref="short"/>.</summary>
    public static short ReadInt16(ref Utf8JsonReader reader) => IsNumber(ref reader) && reader.TryGetInt16(out short value) ? value : throw Wrong(ref reader, "a 16-bit integer");

    /// <summary>Reads a number that fits a <see cref="ushort"/>.</summary>
    public static ushort ReadUInt16(ref Utf8JsonReader reader)
        => IsNumber(ref reader) && reader.TryGetUInt16(out ushort value) ? value : throw Wrong(ref reader, "a 16-bit integer without a sign");

    /// <summary>Reads a number that fits an <see cref="int"/>.</summary>
    public static int ReadInt32(ref Utf8JsonReader reader) => IsNumber(ref reader) && reader.TryGetInt32(out int value) ? value : throw Wrong(ref reader, "a 32-bit integer");

    /// <summary>Reads a number that fits a <see cref="uint"/>.</summary>
    public static uint ReadUInt32(ref Utf8JsonReader reader)
        => IsNumber(ref reader) && reader.TryGetUInt32(out uint value) ? value : throw Wrong(ref reader, "a 32-bit integer without a sign");

    /// <summary>Reads a string of digits as a <see cref="long"/>.</summary>
    public static long ReadInt64(ref Utf8JsonReader reader) => ParseInt64(ReadString(ref reader));

    /// <summary>Reads a string of digits as a <see cref="ulong"/>.</summary>
    public static ulong ReadUInt64(ref Utf8JsonReader reader) => ParseUInt64(ReadString(ref reader));

    /// <summary>Reads a number as a <see cref="float"/>.</summary>
    public static float ReadSingle(ref Utf8JsonReader reader) => IsNumber(ref reader) && reader.TryGetSingle(out float value) ? value : throw Wrong(ref reader, "a number");

    /// <summary>Reads a number as a <see cref="double"/>.</summary>
    public static double ReadDouble(ref Utf8JsonReader reader) => IsNumber(ref reader) && reader.TryGetDouble(out double value) ? value : throw Wrong(ref reader, "a number");

    /// <summary>Reads a string as a <see cref="decimal"/>.</summary>
    public static decimal ReadDecimal(ref Utf8JsonReader reader)
        => decimal.TryParse(ReadString(ref reader), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
            ? value
            : throw Wrong(ref reader, "a decimal number in a string");

    /// <summary>Reads a <see cref="Guid"/> in its form with hyphens.</summary>
    public static Guid ReadGuid(ref Utf8JsonReader reader) => ParseGuid(ReadString(ref reader));

    /// <summary>Reads an address, absolute or relative.</summary>
    public static Uri ReadUri(ref Utf8JsonReader reader) => Uri.TryCreate(ReadString(ref reader), UriKind.RelativeOrAbsolute, out Uri? value) ? value : throw Wrong(ref reader, "an address");

    /// <summary>Reads a date with a time in ISO 8601.</summary>
    public static DateTime ReadDateTime(ref Utf8JsonReader reader)
        => reader.TokenType == JsonTokenType.String && reader.TryGetDateTime(out DateTime value) ? value : throw Wrong(ref reader, "a date in ISO 8601");

    /// <summary>Reads a date with a time and an offset in ISO 8601.</summary>
    public static DateTimeOffset ReadDateTimeOffset(ref Utf8JsonReader reader)
        => reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out DateTimeOffset value) ? value : throw Wrong(ref reader, "a date in ISO 8601");

    /// <summary>Reads a date as year, month and day.</summary>
    public static DateOnly ReadDateOnly(ref Utf8JsonReader reader)
        => DateOnly.TryParseExact(ReadString(ref reader), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly value) ? value : throw Wrong(ref reader, "a date as 2030-01-31");

    /// <summary>Reads a time of day.</summary>
    public static TimeOnly ReadTimeOnly(ref Utf8JsonReader reader)
        => TimeOnly.TryParse(ReadString(ref reader), CultureInfo.InvariantCulture, out TimeOnly value) ? value : throw Wrong(ref reader, "a time as 23:59:59");

    /// <summary>Reads a duration as days, hours, minutes and seconds.</summary>
    public static TimeSpan ReadTimeSpan(ref Utf8JsonReader reader)
        => TimeSpan.TryParseExact(ReadString(ref reader), "c", CultureInfo.InvariantCulture, out TimeSpan value) ? value : throw Wrong(ref reader, "a duration as 1.23:59:59");

    /// <summary>Reads bytes in Base64.</summary>
    public static byte[] ReadBytes(ref Utf8JsonReader reader)
        => reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out byte[]? value) ? value : throw Wrong(ref reader, "bytes in Base64");

    /// <summary>Reads any JSON value.</summary>
    public static JsonElement ReadJson(ref Utf8JsonReader reader) => JsonElement.ParseValue(ref reader);

    /// <summary>Reads a 64-bit integer out of the name of a member.</summary>
    public static long ParseInt64(string text)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : throw new JsonException("A 64-bit integer in a string was expected.");

    /// <summary>Reads a 64-bit integer without a sign out of the name of a member.</summary>
    public static ulong ParseUInt64(string text)
        => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : throw new JsonException("A 64-bit integer without a sign in a string was expected.");

    /// <summary>Reads a 32-bit integer out of the name of a member.</summary>
    public static int ParseInt32(string text)
        => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : throw new JsonException("A 32-bit integer was expected.");

    /// <summary>Reads a <see cref="Guid"/> out of the name of a member.</summary>
    public static Guid ParseGuid(string text) => Guid.TryParseExact(text, "D", out Guid value) ? value : throw new JsonException("A GUID was expected.");

    /// <summary>The error of an object that lacks a member.</summary>
    public static JsonException Missing(string type, string member) => new($"{type} has to have the member '{member}'.");

    /// <summary>The error of a string that names no value of an enum, or no case of a union.</summary>
    public static JsonException Unknown(string type) => new($"The string is none that {type} has.");

    private static bool IsNumber(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Number;

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string expected)
    {
        if (reader.TokenType != token)
        {
            throw Wrong(ref reader, expected);
        }
    }

    private static JsonException Wrong(ref Utf8JsonReader reader, string expected) => new($"{expected} was expected, not {reader.TokenType}.");
}
