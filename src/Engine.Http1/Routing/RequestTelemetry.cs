using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;

namespace Engine.Http1;

/// <summary>
/// Measures the requests of one server by OpenTelemetry's semantic conventions for HTTP, while somebody listens. Otherwise a request costs it three looks at a field.
/// </summary>
internal sealed class RequestTelemetry : IDisposable
{
    /// <summary>The bounds that the conventions advise, in seconds.</summary>
    private static readonly double[] DurationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private static readonly HashSet<string> KnownMethods = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

    private readonly Meter _meter;
    private readonly ActivitySource _source;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;
    private readonly string? _serverName;

    /// <param name="factory">Makes the meter; null for one of the whole process.</param>
    /// <param name="serverName">Tags what is measured, when the server has a name.</param>
    public RequestTelemetry(IMeterFactory? factory, string? serverName)
    {
        _serverName = serverName;
        string? version = typeof(RequestTelemetry).Assembly.GetName().Version?.ToString();
        _meter = factory?.Create(HttpTelemetry.MeterName, version) ?? new Meter(HttpTelemetry.MeterName, version);
        _source = new ActivitySource(HttpTelemetry.ActivitySourceName, version);
        _duration = _meter.CreateHistogram(
            "http.server.request.duration", "s", "Duration of HTTP server requests.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationBounds });
        _active = _meter.CreateUpDownCounter<long>("http.server.active_requests", "{request}", "Number of active HTTP server requests.");
    }

    /// <summary>Whether anybody listens.</summary>
    public bool IsEnabled => _duration.Enabled || _active.Enabled || _source.HasListeners();

    /// <summary>Begins to watch a request that was routed. Its activity, if it is sampled, is current afterwards.</summary>
    public void Begin(HttpContext context) => context.Ended += new WatchedRequest(this, context).End;

    public void Dispose()
    {
        _source.Dispose();
        _meter.Dispose();
    }

    private sealed class WatchedRequest
    {
        private readonly RequestTelemetry _telemetry;
        private readonly long _since = Stopwatch.GetTimestamp();
        private readonly string _method;
        private readonly string _scheme;
        private readonly bool _isCounted;
        private readonly Activity? _activity;

        public WatchedRequest(RequestTelemetry telemetry, HttpContext context)
        {
            _telemetry = telemetry;
            _method = KnownMethods.Contains(context.Request.Method) ? context.Request.Method : "_OTHER";
            _scheme = context.Connection.IsSecure ? "https" : "http";
            _isCounted = telemetry._active.Enabled;
            if (_isCounted)
            {
                telemetry._active.Add(1, ActiveTags());
            }

            if (telemetry._source.HasListeners())
            {
                _activity = Start(context);
            }
        }

        /// <summary>The request is over. On the loop.</summary>
        public void End(HttpContext context)
        {
            if (_isCounted)
            {
                _telemetry._active.Add(-1, ActiveTags());
            }

            HttpResponse response = context.Response;
            bool isAnswered = response.HasStarted;
            string? error = !isAnswered ? context.Connection.CloseReason.ToString()
                : response.StatusCode >= 500 ? response.StatusCode.ToString(CultureInfo.InvariantCulture)
                : null;
            if (_telemetry._duration.Enabled)
            {
                TagList tags = ActiveTags();
                tags.Add("network.protocol.version", VersionOf(context));
                AddOutcome(ref tags, context, isAnswered, error);
                _telemetry._duration.Record(Stopwatch.GetElapsedTime(_since).TotalSeconds, tags);
            }

            if (_activity is not null)
            {
                Stop(_activity, context, isAnswered, error);
            }
        }

        private Activity? Start(HttpContext context)
        {
            // What the thread that started the loops was about has nothing to do with the request.
            Activity.Current = null;
            HttpRequest request = context.Request;
            request.TryGetTraceContext(out ActivityContext parent);
            Activity? activity = _telemetry._source.StartActivity(context.RouteTemplate is { } route ? $"{_method} {route}" : _method, ActivityKind.Server, parent);
            if (activity is not { IsAllDataRequested: true })
            {
                return activity;
            }

            activity.SetTag("http.request.method", _method);
            if (_method == "_OTHER")
            {
                activity.SetTag("http.request.method_original", request.Method);
            }

            activity.SetTag("url.scheme", _scheme);
            activity.SetTag("url.path", request.Path);
            if (request.Query.Length > 0)
            {
                activity.SetTag("url.query", request.Query);
            }

            activity.SetTag("network.protocol.version", VersionOf(context));
            activity.SetTag("user_agent.original", request.Headers["User-Agent"]);
            activity.SetTag("server.address", request.Headers["Host"]);
            if (context.Connection.RemoteEndPoint is IPEndPoint peer)
            {
                activity.SetTag("network.peer.address", peer.Address.ToString());
                activity.SetTag("network.peer.port", peer.Port);
            }

            return activity;
        }

        private static void Stop(Activity activity, HttpContext context, bool isAnswered, string? error)
        {
            if (activity.IsAllDataRequested)
            {
                activity.SetTag("http.route", context.RouteTemplate);
                if (isAnswered)
                {
                    activity.SetTag("http.response.status_code", context.Response.StatusCode);
                }

                if (error is not null)
                {
                    activity.SetTag("error.type", error);
                    activity.SetStatus(ActivityStatusCode.Error);
                }
            }

            activity.Stop();
        }

        private static string VersionOf(HttpContext context) => context.Request.Version.Minor == 0 ? "1.0" : "1.1";

        private static void AddOutcome(ref TagList tags, HttpContext context, bool isAnswered, string? error)
        {
            if (isAnswered)
            {
                tags.Add("http.response.status_code", context.Response.StatusCode);
            }

            if (context.RouteTemplate is { } route)
            {
                tags.Add("http.route", route);
            }

            if (error is not null)
            {
                tags.Add("error.type", error);
            }
        }

        private TagList ActiveTags()
        {
            var tags = new TagList { { "http.request.method", _method }, { "url.scheme", _scheme } };
            if (_telemetry._serverName is { } name)
            {
                tags.Add(EngineMetrics.ServerTag, name);
            }

            return tags;
        }
    }
}
