using System.Buffers.Text;

namespace Engine.Http1;

/// <summary>What the value of a parameter has to be for its pattern to match: <c>{id:int}</c>.</summary>
internal enum RouteConstraint : byte
{
    /// <summary>Anything that is not empty.</summary>
    None = 0,

    /// <summary>A whole number of 32 bits in decimal digits, perhaps with a sign.</summary>
    Int,

    /// <summary>A whole number of 64 bits in decimal digits, perhaps with a sign.</summary>
    Long,

    /// <summary>A GUID with its dashes.</summary>
    Guid,
}

/// <summary>Names and meanings of constraints.</summary>
internal static class RouteConstraints
{
    /// <summary>What a pattern may say behind the colon.</summary>
    public const string Names = "int, long, guid";

    public static bool TryParse(string name, out RouteConstraint constraint)
    {
        constraint = name switch
        {
            "int" => RouteConstraint.Int,
            "long" => RouteConstraint.Long,
            "guid" => RouteConstraint.Guid,
            _ => RouteConstraint.None,
        };
        return constraint != RouteConstraint.None;
    }

    public static bool IsMet(RouteConstraint constraint, ReadOnlySpan<byte> value) => constraint switch
    {
        RouteConstraint.Int => Utf8Parser.TryParse(value, out int _, out int length) && length == value.Length,
        RouteConstraint.Long => Utf8Parser.TryParse(value, out long _, out int length) && length == value.Length,
        RouteConstraint.Guid => Utf8Parser.TryParse(value, out Guid _, out int length) && length == value.Length,
        _ => !value.IsEmpty,
    };
}
