using System.Diagnostics;

namespace Engine.PubSub;

/// <summary>A publication in the outbox, and who waits for its confirmation.</summary>
internal sealed class OutboxItem(BackplanePublication publication, bool hasWaiter)
{
    private readonly TaskCompletionSource<BackplaneReceipt>? _waiter = hasWaiter ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;

    public BackplanePublication Publication => publication;

    public long AddedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>The broker's answer; cancelled when the hub ends before it came. Only with a waiter.</summary>
    public Task<BackplaneReceipt> Confirmation => _waiter!.Task;

    public void Confirm(BackplaneReceipt receipt) => _waiter?.TrySetResult(receipt);

    public void Abandon() => _waiter?.TrySetCanceled();
}
