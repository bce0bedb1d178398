namespace House.Tests;

/// <summary>A piece of C# that is neither comment nor white space.</summary>
/// <param name="Kind">Word (identifier or keyword), Literal (string, character or number) or Mark (one character of punctuation).</param>
/// <param name="Text">As written; literals are not kept, because no rule looks into them.</param>
/// <param name="Line">From 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool IsWord(string text) => Kind == TokenKind.Word && Text == text;

    public bool IsMark(char mark) => Kind == TokenKind.Mark && Text[0] == mark;
}

internal enum TokenKind
{
    Word,
    Literal,
    Mark,
}
