using System.Collections;
using System.Runtime.CompilerServices;

namespace Engine.TestKit;

/// <summary>
/// Feeds the same bytes to a piece of code in every way a network may cut them: whole, one byte at a time, and in two parts at every position.
/// A parser or codec that answers differently for one of them has a bug that a peer will find.
/// </summary>
public static class EverySplit
{
    private static readonly IEqualityComparer<object?> ItemComparer = EqualityComparer<object?>.Create(SameAnswer);

    /// <summary>
    /// Runs <paramref name="run"/> once per cut and throws when two answers differ. <paramref name="run"/> gets the pieces in order and makes a
    /// fresh subject each time. The pieces are copies: the subject may write into them (WebSocket payloads are unmasked in place).
    /// </summary>
    /// <param name="input">The bytes of the vector.</param>
    /// <param name="run">Feeds the pieces to a fresh subject and answers what it made of them.</param>
    /// <param name="comparer">Says when two answers are equal. The default one compares sequences element by element, everything else by value.</param>
    /// <param name="expression">Filled in by the compiler; names the subject in the failure.</param>
    /// <returns>The answer all cuts agree on, so that the test can assert what it should be.</returns>
    /// <exception cref="SplitMismatchException">A cut gave another answer than the whole input.</exception>
    public static TResult Of<TResult>(
        ReadOnlySpan<byte> input,
        Func<IReadOnlyList<byte[]>, TResult> run,
        IEqualityComparer<TResult>? comparer = null,
        [CallerArgumentExpression(nameof(run))] string expression = "")
    {
        ArgumentNullException.ThrowIfNull(run);
        comparer ??= EqualityComparer<TResult>.Create(SameAnswer);
        TResult whole = run([input.ToArray()]);
        foreach ((string cut, byte[][] pieces) in Cuts(input.ToArray()))
        {
            TResult answer;
            try
            {
                answer = run(pieces);
            }
            catch (Exception exception)
            {
                throw new SplitMismatchException($"{expression}: {cut} threw {exception.GetType().Name}, the whole input did not.", exception);
            }

            if (!comparer.Equals(whole, answer))
            {
                throw new SplitMismatchException($"{expression}: {cut} gave <{Show(answer)}>, the whole input gave <{Show(whole)}>.");
            }
        }

        return whole;
    }

    /// <summary>
    /// The same for subjects with the engine's pull shape: the callback sees every byte not yet consumed and answers how many it consumes; what
    /// it leaves is offered again, followed by the next piece, as the pump does.
    /// </summary>
    /// <param name="input">The bytes of the vector.</param>
    /// <param name="create">Makes a fresh subject: a feed that answers the count consumed, and a function that says what it made of the bytes.</param>
    /// <param name="comparer">Says when two answers are equal.</param>
    /// <param name="expression">Filled in by the compiler; names the subject in the failure.</param>
    public static TResult OfPull<TResult>(
        ReadOnlySpan<byte> input,
        Func<(PullFeed Feed, Func<TResult> Result)> create,
        IEqualityComparer<TResult>? comparer = null,
        [CallerArgumentExpression(nameof(create))] string expression = "")
    {
        ArgumentNullException.ThrowIfNull(create);
        return Of(
            input,
            pieces =>
            {
                (PullFeed feed, Func<TResult> result) = create();
                byte[] kept = [];
                foreach (byte[] piece in pieces)
                {
                    byte[] offered = [.. kept, .. piece];
                    int consumed = 0;
                    while (consumed < offered.Length)
                    {
                        int step = feed(offered.AsSpan(consumed));
                        if (step <= 0)
                        {
                            break;
                        }

                        consumed += step;
                    }

                    kept = offered[consumed..];
                }

                return result();
            },
            comparer,
            expression);
    }

    /// <summary>All the cuts but the whole: single bytes, then two parts at every position. Inputs of 4,096 bytes or more are cut at 512 positions spread evenly, so that a vector stays fast.</summary>
    public static IEnumerable<(string Cut, byte[][] Pieces)> Cuts(byte[] input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Length < 2)
        {
            yield break;
        }

        byte[][] single = new byte[input.Length][];
        for (int i = 0; i < input.Length; i++)
        {
            single[i] = [input[i]];
        }

        yield return ("one byte at a time", single);

        int stride = input.Length < 4096 ? 1 : input.Length / 512;
        for (int i = 1; i < input.Length; i += stride)
        {
            yield return ($"cut after byte {i} of {input.Length}", [input[..i], input[i..]]);
        }
    }

    private static bool SameAnswer<TResult>(TResult? left, TResult? right) => (left, right) switch
    {
        (string, string) => EqualityComparer<TResult>.Default.Equals(left, right),
        (IEnumerable leftItems, IEnumerable rightItems) => leftItems.Cast<object?>().SequenceEqual(rightItems.Cast<object?>(), ItemComparer),
        _ => EqualityComparer<TResult>.Default.Equals(left, right),
    };

    private static string Show(object? answer) => answer switch
    {
        null => "null",
        string text => text,
        byte[] bytes => Convert.ToHexString(bytes),
        IEnumerable items => "[" + string.Join(", ", items.Cast<object?>().Select(Show)) + "]",
        _ => answer.ToString() ?? "null",
    };
}

/// <summary>Sees every byte not yet consumed; answers how many it consumes. Zero asks for more.</summary>
public delegate int PullFeed(Span<byte> bytes);

/// <summary>Two cuts of the same bytes were understood differently.</summary>
public sealed class SplitMismatchException : Exception
{
    /// <summary>Names the cut and both answers.</summary>
    public SplitMismatchException(string message)
        : base(message)
    {
    }

    /// <summary>Names the cut, and carries what it threw.</summary>
    public SplitMismatchException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
