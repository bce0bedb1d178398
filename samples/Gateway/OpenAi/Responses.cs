using System.Globalization;
using System.Security.Cryptography;
using Engine.Http1;
using Engine.Sse;

namespace Gateway;

/// <summary>
/// OpenAI's responses. With <c>background</c> the work is a job that goes on without its reader: whoever knows its id, another tab, a client after a reload, follows it
/// from any event on, asks for it whole, or stops it. Without, it ends when the client leaves.
/// </summary>
internal sealed class Responses(ScriptedModel model, JobBoard jobs)
{
    public async ValueTask CreateAsync(HttpContext context)
    {
        ResponseRequest? request = await context.Request.ReadJsonAsync(OpenAiJson.Default.ResponseRequest);
        if (request?.Input is not { Length: > 0 and <= ScriptedModel.MaxQuestionLength } question)
        {
            await Refusal.SendAsync(context, 400, "There is no input.");
            return;
        }

        var job = new Job($"resp_{RandomNumberGenerator.GetHexString(32, lowercase: true)}", request.Model ?? "echo", question, model);
        if (!request.Background)
        {
            using (job)
            {
                await AttendAsync(context, job, request.Stream);
            }
        }
        else if (!jobs.TryStart(job))
        {
            await Refusal.SendAsync(context, 429, "Too many jobs are at work.");
        }
        else if (request.Stream)
        {
            await FollowAsync(await context.StartSseAsync(), job, from: 0, isBackground: true);
        }
        else
        {
            await context.Response.WriteJsonAsync(Answer(job, isBackground: true), OpenAiJson.Default.ResponseAnswer);
        }
    }

    /// <summary>As it is now, or with <c>?stream=true</c> its events, after the one that <c>starting_after</c> or a browser's Last-Event-ID names.</summary>
    public async ValueTask RetrieveAsync(HttpContext context)
    {
        if (!jobs.TryFind(context.RouteParameters["id"], out Job? job))
        {
            await Refusal.SendAsync(context, 404, "There is no such response.");
            return;
        }

        if (context.Request.GetQueryValue("stream") != "true")
        {
            await context.Response.WriteJsonAsync(Answer(job, isBackground: true), OpenAiJson.Default.ResponseAnswer);
            return;
        }

        string? after = context.Request.Headers["Last-Event-ID"] ?? context.Request.GetQueryValue("starting_after");
        int from = int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < int.MaxValue ? number + 1 : 0;
        await FollowAsync(await context.StartSseAsync(), job, from, isBackground: true);
    }

    public async ValueTask CancelAsync(HttpContext context)
    {
        if (!jobs.TryFind(context.RouteParameters["id"], out Job? job))
        {
            await Refusal.SendAsync(context, 404, "There is no such response.");
            return;
        }

        job.Stop();
        while (!job.IsDone)
        {
            job.Read(int.MaxValue, out Task changed);
            if (!job.IsDone)
            {
                await changed.WaitAsync(context.RequestAborted);
            }
        }

        await context.Response.WriteJsonAsync(Answer(job, isBackground: true), OpenAiJson.Default.ResponseAnswer);
    }

    public ValueTask DeleteAsync(HttpContext context)
    {
        string id = context.RouteParameters["id"] ?? "";
        return jobs.Remove(id)
            ? context.Response.WriteJsonAsync(new DeletedResponse(id, "response", true), OpenAiJson.Default.DeletedResponse)
            : Refusal.SendAsync(context, 404, "There is no such response.");
    }

    /// <summary>A job that its client attends: it is nobody else's, and ends with the client.</summary>
    private static async Task AttendAsync(HttpContext context, Job job, bool isStreamed)
    {
        if (!isStreamed)
        {
            await job.RunAsync(new JobLimits(), context.RequestAborted);
            await context.Response.WriteJsonAsync(Answer(job, isBackground: false), OpenAiJson.Default.ResponseAnswer);
            return;
        }

        SseStream stream = await context.StartSseAsync();
        Task running = job.RunAsync(new JobLimits(), stream.Closed);
        await FollowAsync(stream, job, from: 0, isBackground: false);
        await running;
    }

    private static async Task FollowAsync(SseStream stream, Job job, int from, bool isBackground)
    {
        for (int number = from; ; number++)
        {
            JobEntry? entry;
            while ((entry = job.Read(number, out Task changed)) is null)
            {
                if (job.IsDone && job.Read(number, out _) is null)
                {
                    // After the end there is nothing.
                    return;
                }

                await changed.WaitAsync(stream.Closed);
            }

            ResponseEvent told = Event(job, number, entry.Value, isBackground);
            await stream.SendAsync(SseEvent.FromJson(told, OpenAiJson.Default.ResponseEvent) with { Id = number.ToString(CultureInfo.InvariantCulture), EventType = told.Type }, stream.Closed);
            if (entry.Value.Kind == JobEntryKind.End)
            {
                return;
            }
        }
    }

    private static ResponseEvent Event(Job job, int number, JobEntry entry, bool isBackground) => entry.Kind switch
    {
        JobEntryKind.Begin => new ResponseEvent("response.created", number) { Response = Answer(job, isBackground, JobStatus.InProgress) },
        JobEntryKind.Word => new ResponseEvent("response.output_text.delta", number) { ItemId = "msg_1", OutputIndex = 0, ContentIndex = 0, Delta = entry.Word },
        _ => new ResponseEvent($"response.{NameOf(job.Status)}", number) { Response = Answer(job, isBackground) },
    };

    private static ResponseAnswer Answer(Job job, bool isBackground, JobStatus? status = null)
    {
        string name = NameOf(status ?? job.Status);
        string text = status is null ? job.Text : "";
        OutputItem[] output = text.Length == 0 ? [] : [new OutputItem("msg_1", "message", "assistant", name, [new OutputText("output_text", text, [])])];
        return new ResponseAnswer(job.Id, "response", job.CreatedAt, job.Model, name, isBackground, output);
    }

    private static string NameOf(JobStatus status) => status switch
    {
        JobStatus.InProgress => "in_progress",
        JobStatus.Completed => "completed",
        JobStatus.Cancelled => "cancelled",
        _ => "incomplete",
    };
}
