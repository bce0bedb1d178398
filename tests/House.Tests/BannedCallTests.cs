using System.Text.RegularExpressions;

namespace House.Tests;

/// <summary>What the house does not do, with what it does instead. Read from the source's tokens, so comments and strings may speak of it.</summary>
[Category("Pure")]
public sealed partial class BannedCallTests
{
    private static readonly string[] LockFreeFolders = ["Connections", "Connection", "Buffers", "Framing", "Parsing", "Responses", "Timers"];
    private static readonly string[] PlatformCallFiles = ["src/Engine/Transport/DescriptorReserve", "src/Engine/Transport/Epoll/Libc", "src/Engine/Transport/Tls/LibSsl", "src/Engine.WebSockets/Deflate/"];

    /// <summary>Where the compiler looks for what older frameworks do not have.</summary>
    private const string ForTheCompiler = "System.Runtime.CompilerServices";

    [Test]
    public void Async_void_is_written_nowhere() =>
        Check("async void", "its exception ends the process; return a Task", _ => true, (t, i) => t[i].IsWord("async") && At(t, i + 1).IsWord("void"));

    [Test]
    public void Task_run_is_written_nowhere() =>
        Check("Task.Run", "the engine has no hidden threads; hand work to a loop or to the pool by an option", _ => true, (t, i) => IsMember(t, i, "Task", "Run"));

    [Test]
    public void Threads_do_not_sleep() =>
        Check("Thread.Sleep", "await the event", _ => true, (t, i) => IsMember(t, i, "Thread", "Sleep"));

    [Test]
    public void Wall_clock_is_not_read_in_local_time() =>
        Check("DateTime.Now", "the loop's clock for durations, DateTimeOffset.UtcNow for dates", _ => true, (t, i) =>
            IsMember(t, i, "DateTime", "Now") || IsMember(t, i, "DateTimeOffset", "Now"));

    [Test]
    public void Packages_do_not_block_on_tasks() =>
        Check(".Result, .Wait()", "await, or suspend reading until it completes", file => file.Path.StartsWith("src/", StringComparison.Ordinal), (t, i) =>
            (t[i].IsWord("Result") && At(t, i - 1).IsMark('.') && !At(t, i + 1).IsMark('('))
            || (t[i].IsWord("Wait") && At(t, i - 1).IsMark('.') && At(t, i + 1).IsMark('(') && At(t, i + 2).IsMark(')')));

    [Test]
    public void Hot_path_takes_no_lock() =>
        Check("lock", "the loop owns it; hand over by Post", file => file.Path.StartsWith("src/", StringComparison.Ordinal) && LockFreeFolders.Contains(file.Folder.Split('/')[0], StringComparer.Ordinal), (t, i) =>
            t[i].IsWord("Monitor") || t[i].IsWord("Lock") || (t[i].IsWord("lock") && At(t, i + 1).IsMark('(')));

    [Test]
    public void Platform_calls_stand_in_libc_only() =>
        Check("DllImport", "every platform call has one place", file =>
            file.Path.StartsWith("src/", StringComparison.Ordinal) && !PlatformCallFiles.Any(place => file.Path.StartsWith(place, StringComparison.Ordinal)), (t, i) =>
            t[i].IsWord("DllImport") || t[i].IsWord("LibraryImport"));

    [Test]
    public void Deflate_has_at_most_one_file_of_platform_calls()
    {
        IEnumerable<SourceFile> files = Tree.Shipped.Where(file =>
            file.Path.StartsWith("src/Engine.WebSockets/", StringComparison.Ordinal)
            && file.Tokens.Any(token => token.IsWord("DllImport") || token.IsWord("LibraryImport")));
        Assert.That(files.Count(), Is.LessThanOrEqualTo(1), string.Join(", ", files));
    }

    [Test]
    public void Packages_write_to_no_console() =>
        Check("Console", "log, or give it to the host", file => file.Path.StartsWith("src/", StringComparison.Ordinal), (t, i) =>
            t[i].IsWord("Console") && At(t, i + 1).IsMark('.'));

    [Test]
    public void Comments_that_promise_work_name_their_issue()
    {
        IEnumerable<string> broken =
            from file in Tree.Sources
            from comment in file.Comments
            where Promise().IsMatch(comment.Text) && !IssueNumber().IsMatch(comment.Text)
            select $"{file}:{comment.Line}: {comment.Text.Trim()}";
        Assert.That(broken, Is.Empty, "Open work belongs to an issue: write its number, or do it now.");
    }

    [Test]
    public void Namespaces_are_flat_and_file_scoped()
    {
        // Folders order the files of a package; the user needs one `using`.
        IEnumerable<string> broken = Tree.Shipped
            .Select(file => (file, declared: NamespaceOf(file)))
            .Where(pair => pair.declared is not null && pair.declared != pair.file.Project && pair.declared != ForTheCompiler)
            .Select(pair => $"{pair.file}: namespace {pair.declared}");
        Assert.That(broken, Is.Empty);
    }

    private static string? NamespaceOf(SourceFile file)
    {
        for (int i = 0; i < file.Tokens.Count; i++)
        {
            if (file.Tokens[i].IsWord("namespace"))
            {
                return string.Concat(file.Tokens.Skip(i + 1).TakeWhile(token => !token.IsMark(';') && !token.IsMark('{')).Select(token => token.Text));
            }
        }

        return null;
    }

    private static void Check(string name, string instead, Func<SourceFile, bool> scope, Func<IReadOnlyList<Token>, int, bool> matches)
    {
        ExcusedList excused = new("banned-calls");
        List<string> broken = [];
        foreach (SourceFile file in Tree.Sources.Where(scope))
        {
            for (int i = 0; i < file.Tokens.Count; i++)
            {
                if (matches(file.Tokens, i) && !excused.Covers($"{name} in {file.Path}"))
                {
                    broken.Add($"{file.Path}:{file.Tokens[i].Line}");
                }
            }
        }

        excused.Check(broken, $"{name} is banned: {instead}.", key => key.StartsWith(name + " in ", StringComparison.Ordinal));
    }

    private static Token At(IReadOnlyList<Token> tokens, int index) => index >= 0 && index < tokens.Count ? tokens[index] : new Token(TokenKind.Mark, " ", 0);

    private static bool IsMember(IReadOnlyList<Token> tokens, int index, string type, string member) =>
        tokens[index].IsWord(type) && At(tokens, index + 1).IsMark('.') && At(tokens, index + 2).IsWord(member);

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex Promise();

    [GeneratedRegex(@"#\d+")]
    private static partial Regex IssueNumber();
}
