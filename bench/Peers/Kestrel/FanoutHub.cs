using System.Text;
using Microsoft.AspNetCore.SignalR;
using TestServer;

namespace KestrelPeer;

/// <summary>The same as <see cref="Fanout"/> by SignalR: a group for each topic, at /signalr.</summary>
internal sealed class FanoutHub(FanoutHub.TopicGroups groups) : Hub
{
    public override async Task OnConnectedAsync()
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, groups.Join(Context.GetHttpContext()!));
        await base.OnConnectedAsync();
    }

    /// <summary>The groups' names, and who sends to them.</summary>
    internal sealed class TopicGroups
    {
        private readonly IHubContext<FanoutHub> _hub;
        private readonly Ticker _ticker;
        private int _topicCount;
        private int _count;

        public TopicGroups(IHubContext<FanoutHub> hub)
        {
            _hub = hub;
            _ticker = new Ticker("signalr", Send);
        }

        public string Join(HttpContext context)
        {
            int number = Interlocked.Increment(ref _count) - 1;
            _topicCount = Math.Max(_topicCount, Ticker.Number(name => context.Request.Query[name], "topics", 1));
            if (!context.Request.Query.ContainsKey("silent"))
            {
                _ticker.Start(name => context.Request.Query[name]);
            }

            return $"topic.{number % _topicCount}";
        }

        /// <summary>Begins to send from here, to those that other servers have.</summary>
        public void Start(HttpContext context)
        {
            _topicCount = 1;
            _ticker.Start(name => context.Request.Query[name]);
        }

        private void Send(byte[] data)
        {
            string text = Encoding.ASCII.GetString(data);
            for (int i = 0; i < _topicCount; i++)
            {
                _hub.Clients.Group($"topic.{i}").SendAsync("message", text).GetAwaiter().GetResult();
            }
        }
    }
}
