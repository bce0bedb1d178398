using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>A response's body as a <see cref="PipeWriter"/>. Completing it ends nothing: the response ends with its handler.</summary>
internal sealed class ResponseBodyWriter(HttpResponse response, PendingBody pending) : PipeWriter
{
    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => pending.Length;

    public override void Advance(int bytes) => pending.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => pending.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => pending.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ValueTask flushing = response.FlushAsync(cancellationToken);
        if (!flushing.IsCompletedSuccessfully)
        {
            return AwaitAsync(flushing);
        }

        flushing.GetAwaiter().GetResult();
        return default;
    }

    /// <summary>Does nothing: cancel the token of the flush instead.</summary>
    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    private static async ValueTask<FlushResult> AwaitAsync(ValueTask flushing)
    {
        await flushing;
        return default;
    }
}
