namespace House.Tests;

/// <summary>One C# file: its place in the house, its tokens, the types it declares.</summary>
internal sealed class SourceFile
{
    private static readonly string[] TypeWords = ["class", "struct", "interface", "enum", "record"];

    private SourceFile(string path, string text)
    {
        Path = path;
        LineCount = text.AsSpan().Count('\n') + (text.EndsWith('\n') ? 0 : 1);
        (Tokens, Comments) = Lexer.Cut(text);
        DeclaredTypes = [.. FindDeclaredTypes(Tokens)];
    }

    /// <summary>From the root, with forward slashes.</summary>
    public string Path { get; }

    public int LineCount { get; }

    public IReadOnlyList<Token> Tokens { get; }

    public IReadOnlyList<Token> Comments { get; }

    /// <summary>The types at the file's top level; nested ones belong to their outer type.</summary>
    public IReadOnlyList<(string Name, string Kind)> DeclaredTypes { get; }

    /// <summary>The second part of the path: <c>Engine.Http1</c> for a file of that package.</summary>
    public string Project => Path.Split('/')[1];

    /// <summary>The folder inside the project, empty for its root: <c>Transport/Epoll</c>.</summary>
    public string Folder => string.Join('/', Path.Split('/')[2..^1]);

    public string Name => Path.Split('/')[^1];

    public static SourceFile Read(string path) => new(path, Tree.ReadText(path));

    public static SourceFile Of(string path, string text) => new(path, text);

    public override string ToString() => Path;

    /// <summary>The words of the file that may name a type: not what follows a dot, unless the package's own namespace stands before it.</summary>
    public IEnumerable<Token> FreeWords()
    {
        for (int i = 0; i < Tokens.Count; i++)
        {
            if (Tokens[i].Kind != TokenKind.Word)
            {
                continue;
            }

            bool followsDot = i >= 2 && Tokens[i - 1].IsMark('.') && Tokens[i - 2].Kind == TokenKind.Word;
            if (!followsDot || Project.Split('.').Contains(Tokens[i - 2].Text, StringComparer.Ordinal))
            {
                yield return Tokens[i];
            }
        }
    }

    private static IEnumerable<(string Name, string Kind)> FindDeclaredTypes(IReadOnlyList<Token> tokens)
    {
        int depth = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            Token token = tokens[i];
            depth += token.IsMark('{') ? 1 : token.IsMark('}') ? -1 : 0;
            if (depth > 0 || token.Kind != TokenKind.Word || i + 1 >= tokens.Count)
            {
                continue;
            }

            // Constraints (`where T : class, IThing`) are followed by punctuation; `record struct X` names its type after the second word.
            bool isType = TypeWords.Contains(token.Text, StringComparer.Ordinal)
                && tokens[i + 1].Kind == TokenKind.Word
                && tokens[i + 1].Text != "where"
                && !TypeWords.Contains(tokens[i + 1].Text, StringComparer.Ordinal);
            if (isType)
            {
                yield return (tokens[i + 1].Text, token.Text);
            }
            else if (token.Text == "delegate" && DelegateName(tokens, i) is string name)
            {
                yield return (name, "delegate");
            }
        }
    }

    private static string? DelegateName(IReadOnlyList<Token> tokens, int start)
    {
        int angles = 0;
        string? last = null;
        for (int i = start + 1; i < tokens.Count; i++)
        {
            Token token = tokens[i];
            angles += token.IsMark('<') ? 1 : token.IsMark('>') ? -1 : 0;
            if (token.IsMark('(') && angles == 0 && last is not null)
            {
                return last;
            }

            if (token.Kind == TokenKind.Word && angles == 0)
            {
                last = token.Text;
            }
        }

        return null;
    }
}
