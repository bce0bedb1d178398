using System.Globalization;
using Engine.Http1;
using Engine.StaticFiles;

namespace Gateway;

/// <summary>The gateway's routes, for a server of its own or under a prefix of another.</summary>
internal sealed class GatewaySite(JobLimits? limits = null) : IDisposable
{
    private readonly ScriptedModel _model = new();
    private readonly McpSessions _sessions = new();
    private readonly JobBoard _jobs = new(limits ?? new JobLimits());

    /// <param name="server">Where to.</param>
    /// <param name="pages">The folder of the pages.</param>
    public void Map(HttpServer server, string pages)
    {
        server.MapStaticFiles("/", pages);
        server.MapGet("/v1/running", context => context.Response.WriteAsync(_model.RunningCount.ToString(CultureInfo.InvariantCulture)));
        server.MapPost("/v1/chat/completions", new ChatCompletions(_model).AnswerAsync);
        var responses = new Responses(_model, _jobs);
        server.MapPost("/v1/responses", responses.CreateAsync);
        server.MapGet("/v1/responses/{id}", responses.RetrieveAsync);
        server.MapPost("/v1/responses/{id}/cancel", responses.CancelAsync);
        server.Map("DELETE", "/v1/responses/{id}", responses.DeleteAsync);
        new McpEndpoint(_sessions).Map(server);
    }

    public void Dispose()
    {
        _jobs.Dispose();
        _sessions.Dispose();
    }
}
