using System.Runtime.CompilerServices;

namespace Engine;

/// <summary>Awaited, it goes on on the loop: at once when it is there already, else posted.</summary>
internal readonly struct LoopSwitch(EventLoop loop) : INotifyCompletion
{
    public bool IsCompleted => loop.IsCurrent;

    public LoopSwitch GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => loop.Post(static state => ((Action)state!)(), continuation);
}
