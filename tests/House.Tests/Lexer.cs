namespace House.Tests;

/// <summary>
/// Cuts C# into <see cref="Token"/>s, so that a rule about code is not broken by a word in a comment or a string. Knows every string form of the
/// language; the holes of interpolated strings are code and are cut too. Comments are kept apart for the rules about comments.
/// </summary>
internal sealed class Lexer
{
    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private readonly List<Token> _comments = [];
    private int _at;
    private int _line = 1;

    private Lexer(string text) => _text = text;

    public static (IReadOnlyList<Token> Tokens, IReadOnlyList<Token> Comments) Cut(string text)
    {
        Lexer lexer = new(text);
        lexer.CutUntil(closingBraces: 0);
        return (lexer._tokens, lexer._comments);
    }

    private char Current => Peek(0);

    private char Peek(int offset) => _at + offset < _text.Length ? _text[_at + offset] : '\0';

    private bool Ahead(string text) => string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;

    private void Step(int count = 1)
    {
        for (; count > 0 && _at < _text.Length; count--)
        {
            if (_text[_at++] == '\n')
            {
                _line++;
            }
        }
    }

    /// <summary>Cuts to the end, or, inside an interpolation hole, up to as many closing braces as opened it.</summary>
    private void CutUntil(int closingBraces)
    {
        int depth = 0;
        while (_at < _text.Length)
        {
            // A colon ends the expression of a hole too: the format follows.
            if (closingBraces > 0 && depth == 0 && (Current is '}' or ':'))
            {
                return;
            }

            if (char.IsWhiteSpace(Current))
            {
                Step();
            }
            else if (Ahead("//") || (Current == '#' && closingBraces == 0 && IsFirstOnLine()))
            {
                Comment(_text.IndexOf('\n', _at) is >= 0 and int end ? end : _text.Length);
            }
            else if (Ahead("/*"))
            {
                Comment(_text.IndexOf("*/", _at + 2, StringComparison.Ordinal) is >= 0 and int end ? end + 2 : _text.Length);
            }
            else if (!TryCutString())
            {
                depth += Current is '{' or '(' or '[' ? 1 : Current is '}' or ')' or ']' ? -1 : 0;
                CutWordOrMark();
            }
        }
    }

    private bool IsFirstOnLine()
    {
        int lineStart = _text.LastIndexOf('\n', Math.Max(_at - 1, 0)) + 1;
        return string.IsNullOrWhiteSpace(_text[lineStart.._at]);
    }

    private void Comment(int end)
    {
        _comments.Add(new Token(TokenKind.Literal, _text[_at..end], _line));
        Step(end - _at);
    }

    private void CutWordOrMark()
    {
        int start = _at;
        if (char.IsLetter(Current) || Current == '_' || (Current == '@' && (char.IsLetter(Peek(1)) || Peek(1) == '_')))
        {
            Step();
            while (char.IsLetterOrDigit(Current) || Current == '_')
            {
                Step();
            }

            _tokens.Add(new Token(TokenKind.Word, _text[start.._at].TrimStart('@'), _line));
        }
        else if (char.IsAsciiDigit(Current))
        {
            while (char.IsLetterOrDigit(Current) || Current == '_' || (Current == '.' && char.IsAsciiDigit(Peek(1))))
            {
                Step();
            }

            _tokens.Add(new Token(TokenKind.Literal, "0", _line));
        }
        else
        {
            _tokens.Add(new Token(TokenKind.Mark, Current.ToString(), _line));
            Step();
        }
    }

    private bool TryCutString()
    {
        int start = _at;
        int dollars = 0;
        bool isVerbatim = false;
        int ahead = 0;
        for (; Peek(ahead) is '$' or '@'; ahead++)
        {
            dollars += Peek(ahead) == '$' ? 1 : 0;
            isVerbatim |= Peek(ahead) == '@';
        }

        if (Peek(ahead) == '\'' && ahead == 0)
        {
            Step();
            CutPlain('\'', isVerbatim: false);
        }
        else if (Peek(ahead) != '"')
        {
            return false;
        }
        else
        {
            Step(ahead);
            int quotes = 0;
            while (Peek(quotes) == '"')
            {
                quotes++;
            }

            if (quotes >= 3)
            {
                CutRaw(quotes, dollars);
            }
            else if (quotes == 2)
            {
                Step(2);
            }
            else if (dollars > 0)
            {
                Step();
                CutInterpolated(isVerbatim);
            }
            else
            {
                Step();
                CutPlain('"', isVerbatim);
            }
        }

        _tokens.Add(new Token(TokenKind.Literal, _text[start].ToString(), _line));
        return true;
    }

    private void CutPlain(char quote, bool isVerbatim)
    {
        while (_at < _text.Length)
        {
            if (isVerbatim && Current == quote && Peek(1) == quote)
            {
                Step(2);
            }
            else if (!isVerbatim && Current == '\\')
            {
                Step(2);
            }
            else if (Current == quote)
            {
                Step();
                return;
            }
            else
            {
                Step();
            }
        }
    }

    private void CutInterpolated(bool isVerbatim)
    {
        while (_at < _text.Length)
        {
            if (Ahead("{{") || Ahead("}}") || (isVerbatim ? Ahead("\"\"") : Current == '\\'))
            {
                Step(2);
            }
            else if (Current == '{')
            {
                CutHole(1);
            }
            else if (Current == '"')
            {
                Step();
                return;
            }
            else
            {
                Step();
            }
        }
    }

    private void CutRaw(int quotes, int dollars)
    {
        string end = new('"', quotes);
        string hole = new('{', Math.Max(dollars, 1));
        Step(quotes);
        while (_at < _text.Length && !Ahead(end))
        {
            if (dollars > 0 && Ahead(hole))
            {
                CutHole(dollars);
            }
            else
            {
                Step();
            }
        }

        // A raw string may end in quotes of its own before the closing ones.
        while (Current == '"')
        {
            Step();
        }
    }

    private void CutHole(int braces)
    {
        Step(braces);
        CutUntil(braces);
        while (_at < _text.Length && Current != '}')
        {
            Step();
        }

        Step(braces);
    }
}
