using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Gateway;

/// <summary>
/// Stands for a model: it says the words of the question again, counts for ever when that is "count", and thinks for a moment before each word when the question
/// begins with "slowly". It works as long as the token is not cancelled, and knows how many answers it is at.
/// </summary>
internal sealed partial class ScriptedModel
{
    public const int MaxQuestionLength = 20_000;

    private static readonly TimeSpan Thought = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongThought = TimeSpan.FromMilliseconds(60);

    private int _runningCount;

    public int RunningCount => Volatile.Read(ref _runningCount);

    public async IAsyncEnumerable<string> AnswerAsync(string question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _runningCount);
        try
        {
            TimeSpan thought = question.StartsWith("slowly", StringComparison.OrdinalIgnoreCase) ? LongThought : Thought;
            for (int number = 0; question == "count"; number++)
            {
                yield return $"{number} ";
                await Task.Delay(thought, cancellationToken);
            }

            foreach (Match word in Words().Matches(question))
            {
                yield return word.Value;
                await Task.Delay(thought, cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _runningCount);
        }
    }

    [GeneratedRegex(@"\S+\s*")]
    private static partial Regex Words();
}
