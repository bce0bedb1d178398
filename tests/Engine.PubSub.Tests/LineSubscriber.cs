using System.Text;

namespace Engine.PubSub.Tests;

/// <summary>A wire for tests: each message is a line of its topic, offset, previous offset, key and payload; each gap is a line too.</summary>
internal sealed class LineSubscriber(TopicHub hub, Connection connection) : TopicSubscriber(hub, connection)
{
    public static readonly LineForm Lines = new();

    public (int Code, string Reason)? Ended { get; private set; }

    protected internal override WireForm Form => Lines;

    protected internal override SendStatus TrySend(Publication publication, SharedSegment encoded) => Connection.TrySendRepeatable([], encoded, isLast: IsLastOfTurn);

    protected internal override ValueTask<SendStatus> SendAsync(Publication publication, SharedSegment encoded) => Connection.SendAsync([], encoded);

    protected internal override bool Fits(int lengthBytes) => lengthBytes <= Connection.Options.MaxOutboundBytes;

    protected internal override SendStatus TellGap(in TopicGap gap)
        => Connection.TrySend(Encoding.UTF8.GetBytes($"G|{gap.Topic}|{gap.After.Offset}|{gap.To.Offset}|{gap.MissedCount}\n"));

    protected internal override void CloseConnection(int code, string reason)
    {
        Ended = (code, reason);
        Connection.Close();
    }

    internal sealed class LineForm : WireForm
    {
        private int _encodedCount;

        public int EncodedCount => Volatile.Read(ref _encodedCount);

        protected internal override SharedSegment Encode(Publication publication)
        {
            Interlocked.Increment(ref _encodedCount);
            string kind = publication.IsState ? "S" : publication.IsRemoval ? "R" : "M";
            string text = Encoding.UTF8.GetString(publication.Payload);
            return SharedSegment.Copy(Encoding.UTF8.GetBytes(
                $"{kind}|{publication.Pattern ?? publication.Topic}|{publication.Position.Offset}|{publication.PreviousOffset}|{publication.Key}|{text}\n"));
        }
    }
}
