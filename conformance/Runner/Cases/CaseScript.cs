using System.Text;

namespace Conformance;

/// <summary>
/// One run of one case: what it sends, what it expects, and the verdict at the end. The first expectation that fits what was received, in the order given, names the behaviour;
/// how the connection ended is judged apart.
/// </summary>
internal class CaseScript(Action<CaseScript> open)
{
    private readonly List<(Verdict Verdict, PeerEvent[] Events)> _expected = [];
    private readonly List<PeerEvent> _received = [];
    private int[] _closeCodes = [1000];
    private bool _weClose;
    private bool _mustBeClean;

    /// <summary>The connection; set when it is made.</summary>
    public FuzzingPeer Peer { get; set; } = null!;

    /// <summary>Verdict on what was received.</summary>
    public Verdict Behavior { get; protected set; } = Verdict.Failed;

    /// <summary>Verdict on how the connection ended.</summary>
    public Verdict CloseBehavior { get; protected set; } = Verdict.Failed;

    public string Result { get; protected set; } = "What happened is none of what was expected.";

    public string CloseResult { get; protected set; } = "The opening handshake did not come about.";

    /// <summary>Offers that the client's side makes; none leaves the extension out.</summary>
    public IReadOnlyList<DeflateOffer> Offers { get; init; } = [];

    /// <summary>How the server's side answers offers, the first that one of them meets; none declines them all.</summary>
    public IReadOnlyList<DeflateAcceptance> Acceptances { get; init; } = [];

    /// <summary>The case sends its close frames itself, none follows when the expectation is met.</summary>
    public bool ClosesByHand { get; set; }

    /// <summary>A wrong close code fails the case as a whole.</summary>
    public bool IsCodeTheMatter { get; set; }

    /// <summary>A connection that the wrong end closed fails the case as a whole.</summary>
    public bool IsCloserTheMatter { get; set; }

    /// <summary>The verdict is INFORMATIONAL, whatever happens.</summary>
    public bool IsInformational { get; set; }

    public IEnumerable<PeerEvent> Received => _received;

    public IEnumerable<(Verdict Verdict, PeerEvent[] Events)> Expected => _expected;

    public void Expect(params PeerEvent[] events) => _expected.Add((Verdict.Ok, events));

    public void Tolerate(params PeerEvent[] events) => _expected.Add((Verdict.NonStrict, events));

    /// <summary>The fuzzer closes with the first code; the peer answers with one of them, in a whole handshake.</summary>
    public void WeClose(params int[] codes) => (_weClose, _mustBeClean, _closeCodes) = (true, true, codes);

    /// <summary>The fuzzer closes wrongly; the peer answers with one of the codes or drops TCP.</summary>
    public void WeCloseWrongly(params int[] codes) => (_weClose, _mustBeClean, _closeCodes) = (true, false, codes);

    /// <summary>The peer closes with one of the codes, or drops TCP.</summary>
    public void PeerCloses(params int[] codes) => (_weClose, _mustBeClean, _closeCodes) = (false, false, codes);

    /// <summary>The connection outlived a wait.</summary>
    public void NotePause(string name) => _received.Add(PeerEvent.Pause(name));

    public virtual void OnOpen() => open(this);

    public virtual void OnMessage(byte[] payload, bool isBinary) => Note(PeerEvent.Message(payload, isBinary));

    public virtual void OnPong(byte[] payload) => Note(PeerEvent.Pong(payload));

    public void OnConnectionLost()
    {
        JudgeBehavior();
        JudgeClose();
        if (IsCodeTheMatter && CloseBehavior == Verdict.WrongCode)
        {
            (Behavior, Result) = (Verdict.Failed, CloseResult);
        }

        if (IsCloserTheMatter && _weClose != Peer.ClosedByMe)
        {
            (Behavior, Result) = (Verdict.Failed, CloseResult);
        }

        if (IsInformational)
        {
            Result = Behavior switch
            {
                Verdict.Ok => "The messages were answered before the close.",
                Verdict.NonStrict => "The close went before the messages.",
                _ => "The specification leaves the outcome open.",
            };
            Behavior = CloseBehavior = Verdict.Informational;
        }
    }

    /// <summary>The handshake failed: nothing was played.</summary>
    public void OnNotOpened(string reason) => Result = CloseResult = reason;

    protected virtual void JudgeBehavior()
    {
        foreach ((Verdict verdict, PeerEvent[] events) in _expected)
        {
            if (_received.SequenceEqual(events))
            {
                Behavior = verdict;
                Result = verdict == Verdict.Ok ? "As expected." : "Lawful, but not strict.";
                return;
            }
        }

        Result = $"Received: {Listed(_received)}; expected: {string.Join(" or ", _expected.Select(one => Listed(one.Events)))}.";
    }

    private void JudgeClose()
    {
        (CloseBehavior, CloseResult) =
            _weClose != Peer.ClosedByMe ? (Verdict.Failed, $"The wrong end closed{(Peer.NotCleanReason is null ? "" : $" ({Peer.NotCleanReason})")}.")
            : _mustBeClean && !Peer.WasClean ? (Verdict.Unclean, $"The close had to be clean: {Peer.NotCleanReason}.")
            : Peer.RemoteCloseCode is int code && !_closeCodes.Contains(code) ? (Verdict.WrongCode, $"Close code {code}, where {string.Join(" or ", _closeCodes)} or none fits.")
            : Peer.Role == PeerRole.Client && Peer.DroppedByMe ? (Verdict.FailedByClient, $"The server did not end TCP{(Peer.NotCleanReason is null ? "" : $" ({Peer.NotCleanReason})")}.")
            : (Verdict.Ok, "Closed as it should be.");
    }

    private void Note(PeerEvent one)
    {
        _received.Add(one);
        bool isDone = _expected.All(expectation => _received.SequenceEqual(expectation.Events));
        if (isDone && _weClose && !ClosesByHand)
        {
            Peer.SendClose(_closeCodes[0]);
        }
    }

    private static string Listed(IEnumerable<PeerEvent> events)
    {
        StringBuilder list = new();
        foreach (PeerEvent one in events.Take(12))
        {
            list.Append(list.Length == 0 ? "" : ", ").Append(one);
        }

        return list.Length == 0 ? "nothing" : list.ToString();
    }
}
