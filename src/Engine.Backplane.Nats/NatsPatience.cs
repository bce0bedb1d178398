namespace Engine.Backplane.Nats;

/// <summary>How long the next answer may take. One thread at a time.</summary>
internal sealed class NatsPatience : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _ended;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _source;

    /// <param name="timeout">The longest wait for one answer.</param>
    /// <param name="ended">Ends the wait with the session.</param>
    /// <param name="caller">Ends it because nobody wants the answer any more.</param>
    public NatsPatience(TimeSpan timeout, CancellationToken ended, CancellationToken caller)
    {
        _timeout = timeout;
        _ended = ended;
        _caller = caller;
        _source = CancellationTokenSource.CreateLinkedTokenSource(ended, caller);
        Renew();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Whether the answer has taken too long.</summary>
    public bool IsOver => _source.IsCancellationRequested && !_ended.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>An answer has come: the next one has the whole time again.</summary>
    public void Renew() => _source.CancelAfter(_timeout);

    public void Dispose() => _source.Dispose();
}
