namespace Engine.Tests;

/// <summary>The queue against a plain list of bytes: random appends, writes in place, shared payloads, consumption and drops.</summary>
public sealed class OutboundQueueTests
{
    [Test]
    public void The_queue_is_the_bytes_that_were_appended_less_those_consumed_and_dropped([Range(1, 60)] int seed)
    {
        var random = new Random(seed);
        var pool = new SegmentPool();
        var queue = new OutboundQueue(pool, trackMessages: true);
        var model = new Model();
        var shared = new List<SharedSegment>();
        for (int step = 0; step < 400; step++)
        {
            byte[] bytes = new byte[random.Next(1, random.Next(4) == 0 ? 9000 : 300)];
            random.NextBytes(bytes);
            switch (random.Next(8))
            {
                case 0:
                    queue.Append(bytes);
                    queue.MarkDroppable(bytes.Length);
                    model.Append(bytes, isDroppable: true);
                    break;
                case 1:
                    int first = random.Next(bytes.Length + 1);
                    int second = random.Next(first, bytes.Length + 1);
                    queue.Append([], [], shared: null, []);
                    queue.Append(bytes.AsSpan(..first), bytes.AsSpan(first..second), shared: null, bytes.AsSpan(second..));
                    queue.MarkDroppable(bytes.Length);
                    model.Append(bytes, isDroppable: true);
                    break;
                case 2:
                    bytes.CopyTo(queue.GetSpan(bytes.Length));
                    queue.Advance(bytes.Length);
                    queue.MarkKept(bytes.Length);
                    model.Append(bytes, isDroppable: false);
                    break;
                case 3:
                    SharedSegment segment = SharedSegment.Copy(bytes);
                    shared.Add(segment);
                    queue.Append(segment);
                    queue.MarkDroppable(bytes.Length);
                    model.Append(bytes, isDroppable: true);
                    break;
                case 4 or 5:
                    int count = random.Next(queue.LengthBytes + 1);
                    queue.Consume(count);
                    model.Consume(count);
                    break;
                case 6:
                    int keep = random.Next(3) == 0 ? Math.Min(queue.LengthBytes, 100) : 0;
                    Assert.That(queue.DropOldest(keep), Is.EqualTo(model.DropOldest(keep)));
                    break;
                default:
                    if (random.Next(20) == 0)
                    {
                        queue.Clear();
                        model.Clear();
                    }

                    break;
            }

            Assert.That(queue.LengthBytes, Is.EqualTo(model.Bytes.Count));
            Assert.That(Content(queue), Is.EqualTo(model.Bytes));
        }

        queue.Clear();
        Assert.That(pool.RentedCount, Is.Zero);
        foreach (SharedSegment segment in shared)
        {
            segment.Release();
            Assert.That(() => segment.Memory, Throws.InstanceOf<ObjectDisposedException>(), "every reference was given back once");
        }
    }

    [Test]
    public void An_empty_queue_holds_no_segment_and_a_steady_one_allocates_nothing()
    {
        var pool = new SegmentPool();
        var queue = new OutboundQueue(pool, trackMessages: false);
        byte[] bytes = new byte[3000];
        void Round()
        {
            queue.Append(bytes);
            queue.Append(bytes);
            queue.Consume(4500);
            queue.Consume(1500);
        }

        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Round();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(queue.Head, Is.Null);
        Assert.That(pool.RentedCount, Is.Zero);
    }

    [Test]
    public void The_pool_gives_back_half_of_what_lay_unused_at_each_trim()
    {
        var pool = new SegmentPool();
        Segment[] rented = [.. Enumerable.Range(0, 1000).Select(_ => pool.RentBlock())];
        foreach (Segment segment in rented)
        {
            pool.Return(segment);
        }

        pool.Trim();
        int kept = pool.KeptCount;
        pool.Trim();
        Assert.That(pool.KeptCount, Is.LessThan((kept / 2) + 20));
        for (int i = 0; i < 20; i++)
        {
            pool.Trim();
        }

        Assert.That(pool.KeptCount, Is.LessThanOrEqualTo(16));
    }

    private static List<byte> Content(OutboundQueue queue)
    {
        var bytes = new List<byte>();
        for (Segment? segment = queue.Head; segment is not null; segment = segment.Next)
        {
            bytes.AddRange(segment.PendingSpan);
        }

        return bytes;
    }

    private sealed class Model
    {
        private readonly List<(int Length, bool IsDroppable, bool HasBegun)> _messages = [];

        public List<byte> Bytes { get; } = [];

        public void Append(byte[] bytes, bool isDroppable)
        {
            Bytes.AddRange(bytes);
            _messages.Add((bytes.Length, isDroppable, false));
        }

        public void Consume(int count)
        {
            Bytes.RemoveRange(0, count);
            while (count > 0)
            {
                (int length, bool isDroppable, _) = _messages[0];
                if (length > count)
                {
                    _messages[0] = (length - count, isDroppable, true);
                    return;
                }

                count -= length;
                _messages.RemoveAt(0);
            }
        }

        public int DropOldest(int keepBytes)
        {
            int offset = 0;
            for (int i = 0; i < _messages.Count; i++)
            {
                (int length, bool isDroppable, bool hasBegun) = _messages[i];
                if (isDroppable && !hasBegun && offset >= keepBytes)
                {
                    _messages.RemoveAt(i);
                    Bytes.RemoveRange(offset, length);
                    return length;
                }

                offset += length;
            }

            return 0;
        }

        public void Clear()
        {
            Bytes.Clear();
            _messages.Clear();
        }
    }
}
