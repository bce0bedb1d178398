using System.Text;

namespace Engine.PubSub;

/// <summary>Names of topics and patterns of them. Levels are divided by dots; <c>*</c> is one level, <c>&gt;</c> at the end one or more. Pure.</summary>
internal static class TopicPattern
{
    /// <summary>Whether a level of the name is a wildcard, so that the name is a pattern.</summary>
    public static bool IsPattern(ReadOnlySpan<char> name)
    {
        foreach (Range level in name.Split('.'))
        {
            if (name[level] is "*" or ">")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the name may be used: not empty, not too long, valid UTF-16, no control characters.</summary>
    public static bool IsValidName(string? name, int maxBytes)
    {
        if (string.IsNullOrEmpty(name) || name.Length > maxBytes)
        {
            return false;
        }

        for (int i = 0; i < name.Length; i++)
        {
            char character = name[i];
            if (char.IsControl(character) || (char.IsSurrogate(character) && !IsPairAt(name, ref i)))
            {
                return false;
            }
        }

        return Encoding.UTF8.GetByteCount(name) <= maxBytes;
    }

    /// <summary>Whether a pattern is well formed: <c>&gt;</c> stands at its end only.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> pattern)
    {
        foreach (Range level in pattern.Split('.'))
        {
            if (pattern[level] is ">" && level.End.GetOffset(pattern.Length) != pattern.Length)
            {
                return false;
            }
        }

        return !pattern.IsEmpty;
    }

    /// <exception cref="ArgumentException">The pattern is malformed.</exception>
    public static void Check(string pattern)
    {
        if (!IsValidName(pattern, int.MaxValue) || !IsWellFormed(pattern))
        {
            throw new ArgumentException("A pattern is levels divided by dots; '*' stands for one level, '>' at the end for one or more.", nameof(pattern));
        }
    }

    /// <summary>Whether <paramref name="pattern"/> stands for <paramref name="name"/>.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (true)
        {
            if (pattern is ">")
            {
                return true;
            }

            int patternEnd = pattern.IndexOf('.');
            int nameEnd = name.IndexOf('.');
            ReadOnlySpan<char> patternLevel = patternEnd < 0 ? pattern : pattern[..patternEnd];
            ReadOnlySpan<char> nameLevel = nameEnd < 0 ? name : name[..nameEnd];
            if (patternLevel is not "*" && !patternLevel.SequenceEqual(nameLevel))
            {
                return false;
            }

            if (patternEnd < 0 || nameEnd < 0)
            {
                return patternEnd < 0 && nameEnd < 0;
            }

            pattern = pattern[(patternEnd + 1)..];
            name = name[(nameEnd + 1)..];
        }
    }

    private static bool IsPairAt(string name, ref int index)
        => char.IsHighSurrogate(name[index]) && index + 1 < name.Length && char.IsLowSurrogate(name[++index]);
}
