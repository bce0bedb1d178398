namespace Engine.WebSockets;

/// <summary>Publications as messages of <c>topics.v1</c>, framed once for all connections that can read the same frames.</summary>
internal sealed class TopicProtocolForm(TopicFrames frames, TopicDialect dialect) : WireForm
{
    protected override SharedSegment Encode(Publication publication) => frames.Encode(dialect.Message(publication), dialect.Opcode, publication.NeverCompress);
}
