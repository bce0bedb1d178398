namespace Engine.PubSub;

/// <summary>
/// How publications look on one wire: a WebSocket frame, an event of a stream. A publication is encoded once a form, when the first subscriber needs it, and all
/// subscribers of the form send the same bytes. One instance a form: instances are compared by reference.
/// </summary>
public abstract class WireForm
{
    /// <summary>
    /// Encodes a publication. Any thread, several at once; must not call the hub. The reference of what is returned becomes the publication's.
    /// </summary>
    protected internal abstract SharedSegment Encode(Publication publication);
}
