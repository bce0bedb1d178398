namespace KestrelPeer;

/// <summary>What a broadcast waits for before its bytes are written over by the next.</summary>
internal static class Writes
{
    public static void Await(List<Task> writes)
    {
        try
        {
            Task.WaitAll(writes);
        }
        catch (AggregateException)
        {
            // Peers that ended: they take themselves out of the list.
        }

        writes.Clear();
    }
}
