using System.Threading.Channels;
using Engine.PubSub;

namespace Engine.Backplane.Tests;

/// <summary>A listener that keeps what it hears.</summary>
internal sealed class Ear : IBackplaneListener
{
    private readonly Channel<BackplaneMessage> _messages = Channel.CreateUnbounded<BackplaneMessage>();
    private readonly Channel<BackplaneState> _states = Channel.CreateUnbounded<BackplaneState>();

    public void OnMessage(in BackplaneMessage message) => _messages.Writer.TryWrite(message);

    public void OnStateChanged(BackplaneState state) => _states.Writer.TryWrite(state);

    public async Task<BackplaneMessage> NextAsync() => await _messages.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public bool HasMessages => _messages.Reader.TryPeek(out _);

    public async Task WaitForAsync(BackplaneState state)
    {
        while (await _states.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)) != state)
        {
        }
    }
}
