using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Conformance;

/// <summary>Sends one vector over a connection of its own, reads while it writes, and finds out how the connection stands afterwards.</summary>
internal sealed class HttpVectorRunner(Uri url, double patience)
{
    private const string Probe = " /plain HTTP/1.1\r\nHost: probe\r\n\r\n";
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>After the last answer that was expected: time for one too many, or for the end of the connection.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromMilliseconds(300);

    public async Task<HttpVectorResult> RunAsync(HttpVector vector, CancellationToken cancellationToken)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(url.Host), url.Port), cancellationToken);
        Exchange exchange = new(socket, vector.IsHead);
        Task sending = SendAsync(socket, vector, cancellationToken);
        try
        {
            int wanted = vector.Outcomes.Max(outcome => outcome.Answers.Count);
            await exchange.ReadAsync(() => exchange.Answers.Count >= wanted, AnswerLimit * patience, cancellationToken);
            await Task.WhenAny(sending, Task.Delay(AnswerLimit * patience, cancellationToken));
            string end = await EndAsync(exchange, socket, vector, cancellationToken);
            return Judge(vector, exchange, end);
        }
        catch (FormatException e)
        {
            return new HttpVectorResult(vector, "no HTTP", e.Message, IsWanted: false);
        }
        finally
        {
            socket.Close();
            await sending;
        }
    }

    private static HttpVectorResult Judge(HttpVector vector, Exchange exchange, string end)
    {
        int[] statuses = [.. exchange.Answers.Select(answer => answer.Status)];
        string seen = statuses.Length > 10 ? $"{statuses.Length} answers {end}" : string.Join(' ', [.. statuses.Length == 0 ? ["drop"] : statuses.Select(status => $"{status}"), end]);
        int fit = vector.Outcomes.ToList().FindIndex(outcome => outcome.Fits(statuses, end));
        string? fault = fit < 0 ? $"expected {string.Join(" or ", vector.Outcomes)}" : fit == 0 ? AnswerFault(vector, exchange.Answers) : null;
        return new HttpVectorResult(vector, seen, fault, fit == 0);
    }

    private static string? AnswerFault(HttpVector vector, List<HttpAnswer> answers)
    {
        if (answers.Count == 0)
        {
            return null;
        }

        if (vector.Body is byte[] body && !answers[^1].Body.AsSpan().SequenceEqual(body))
        {
            return $"the body is: {WireLog.Shown(answers[^1].Body)}";
        }

        if (vector.Header is not string wanted)
        {
            return null;
        }

        if (wanted.StartsWith('!'))
        {
            return answers[^1].Header(wanted[1..]) is string value ? $"{wanted[1..]}: {value}" : null;
        }

        (string name, string expected) = (wanted[..wanted.IndexOf(':', StringComparison.Ordinal)], wanted[(wanted.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        string? given = answers[^1].Header(name);
        bool isGiven = expected.EndsWith('*') ? given?.StartsWith(expected[..^1], StringComparison.Ordinal) == true : given == expected;
        return isGiven ? null : $"{name} is {given ?? "missing"}";
    }

    /// <summary>open, close or switch: by waiting for the end, and by one more request if it does not come.</summary>
    private async Task<string> EndAsync(Exchange exchange, Socket socket, HttpVector vector, CancellationToken cancellationToken)
    {
        if (exchange.Answers is [.., { Status: 101 }])
        {
            return "switch";
        }

        bool wantsOpen = vector.Outcomes[0].End == "open";
        bool mustEnd = vector.EndsSending || SaysClose(exchange.Answers);
        if (!wantsOpen || mustEnd)
        {
            await exchange.ReadAsync(() => false, (mustEnd ? AnswerLimit : Aftermath) * patience, cancellationToken);
            if (exchange.IsEnded || vector.EndsSending)
            {
                return exchange.IsEnded ? "close" : "stuck";
            }
        }

        int before = exchange.Answers.Count;
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes((vector.IsHead ? "HEAD" : "GET") + Probe), cancellationToken);
        }
        catch (SocketException)
        {
            return "close";
        }

        await exchange.ReadAsync(() => exchange.Answers.Count > before, (wantsOpen ? AnswerLimit : Aftermath) * patience, cancellationToken);
        if (exchange.IsEnded && exchange.Answers.Count == before)
        {
            return "close";
        }

        if (exchange.Answers.Count == before + 1 && exchange.Answers[^1].Body.AsSpan().SequenceEqual(vector.IsHead ? [] : "Hello, World!"u8))
        {
            exchange.Answers.RemoveAt(before);
            return "open";
        }

        return exchange.Answers.Count == before ? "stuck" : "astray";
    }

    private static bool SaysClose(List<HttpAnswer> answers) =>
        answers is [.., HttpAnswer last] && last.Header("Connection")?.Contains("close", StringComparison.OrdinalIgnoreCase) == true;

    private static async Task SendAsync(Socket socket, HttpVector vector, CancellationToken cancellationToken)
    {
        try
        {
            foreach (byte[]? part in vector.Parts)
            {
                if (part is null)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
                    continue;
                }

                int step = vector.WriteBytes == 0 ? part.Length : vector.WriteBytes;
                for (int at = 0; at < part.Length;)
                {
                    at += await socket.SendAsync(part.AsMemory(at, Math.Min(step, part.Length - at)), cancellationToken);
                }
            }

            if (vector.EndsSending)
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The server has had enough of it; what it answered tells.
        }
    }

    /// <summary>What came back so far.</summary>
    private sealed class Exchange(Socket socket, bool isHead)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private Task<int>? _receiving;
        private readonly byte[] _buffer = new byte[16 * 1024];

        public List<HttpAnswer> Answers { get; private set; } = [];

        public bool IsEnded { get; private set; }

        public async Task ReadAsync(Func<bool> isDone, TimeSpan limit, CancellationToken cancellationToken)
        {
            Task timeout = Task.Delay(limit, cancellationToken);
            while (!IsEnded && !isDone())
            {
                _receiving ??= ReceiveAsync(cancellationToken);
                if (await Task.WhenAny(_receiving, timeout) == timeout)
                {
                    return;
                }

                int count = await _receiving;
                _receiving = null;
                _bytes.Write(_buffer.AsSpan(0, count));
                IsEnded = count == 0;
                Answers = HttpAnswerReader.Read(_bytes.WrittenSpan, IsEnded, isHead, out _);
            }
        }

        private async Task<int> ReceiveAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await socket.ReceiveAsync(_buffer, cancellationToken);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return 0;
            }
        }
    }
}
