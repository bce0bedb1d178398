namespace Engine.PubSub;

/// <summary>Subscribers of a topic, summed over its loops.</summary>
internal struct OutletCounts
{
    public int Delivered;
    public int Behind;
    public int Gone;
}
