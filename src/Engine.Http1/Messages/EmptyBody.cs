using System.Buffers;
using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>The body of a request that has none: at its end from the beginning. It holds no state, so all share one.</summary>
internal sealed class EmptyBody : PipeReader
{
    public static readonly EmptyBody Instance = new();

    private static ReadResult End => new(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);

    public override void AdvanceTo(SequencePosition consumed)
    {
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
    }

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(End);

    public override bool TryRead(out ReadResult result)
    {
        result = End;
        return true;
    }
}
