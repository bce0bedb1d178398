namespace Engine.Http1;

/// <summary>
/// The grammar of a chunk's extensions (RFC 9112 §7.1.1), one byte at a time:
/// <c>*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )</c>. A line end inside of one, quoted or not, has been read in two ways by two servers,
/// and is refused in all.
/// </summary>
internal static class ChunkExtension
{
    /// <summary>Where in the grammar the bytes so far have led.</summary>
    public enum State : byte
    {
        /// <summary>Whitespace stands behind the size or a value; only ';' may follow it.</summary>
        BeforeSemicolon = 0,

        /// <summary>Behind ';'.</summary>
        BeforeName,

        /// <summary>Within a name. The line may end.</summary>
        Name,

        /// <summary>Whitespace behind a name; '=' or ';' has to follow.</summary>
        AfterName,

        /// <summary>Behind '='.</summary>
        BeforeValue,

        /// <summary>Within a token. The line may end.</summary>
        Token,

        /// <summary>Within a quoted string.</summary>
        Quoted,

        /// <summary>Behind a backslash in a quoted string.</summary>
        Escape,

        /// <summary>Behind a quoted string. The line may end.</summary>
        AfterQuoted,

        /// <summary>The bytes break the grammar.</summary>
        Broken,
    }

    /// <summary>Whether the line may end here.</summary>
    public static bool MayEnd(State state) => state is State.Name or State.Token or State.AfterQuoted;

    /// <summary>Takes one byte that is not the line's CR.</summary>
    public static State Step(State state, byte value)
    {
        bool isSpace = value is (byte)' ' or (byte)'\t';
        bool isToken = HttpCharacters.Token.Contains(value);
        return state switch
        {
            State.Quoted => value switch
            {
                (byte)'"' => State.AfterQuoted,
                (byte)'\\' => State.Escape,
                _ => HttpCharacters.NotInFieldValue.Contains(value) ? State.Broken : State.Quoted,
            },
            State.Escape => HttpCharacters.NotInFieldValue.Contains(value) ? State.Broken : State.Quoted,
            State.BeforeName => isSpace ? State.BeforeName : isToken ? State.Name : State.Broken,
            State.BeforeValue => isSpace ? State.BeforeValue : isToken ? State.Token : value == '"' ? State.Quoted : State.Broken,
            State.Name when isToken => State.Name,
            State.Name or State.AfterName when value == '=' => State.BeforeValue,
            State.Name or State.AfterName when isSpace => State.AfterName,
            State.Token when isToken => State.Token,
            State.Token or State.AfterQuoted or State.BeforeSemicolon when isSpace => State.BeforeSemicolon,
            State.Name or State.AfterName or State.Token or State.AfterQuoted or State.BeforeSemicolon when value == ';' => State.BeforeName,
            _ => State.Broken,
        };
    }
}
