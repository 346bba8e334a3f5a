using System.Globalization;
using System.Text.Json;
using Bam.Contracts.Status;

namespace Bam.Silo.Page;

/// <summary>
/// What the page lives on, read only: <c>/api/cluster</c>, <c>/api/runs</c>, <c>/api/runs/RUN</c>, <c>/api/runs/RUN/events?after=N</c>,
/// <c>/api/runs/RUN/history</c>. 404 for a run that there is not, 503 while the cluster does not answer.
/// </summary>
internal static class PageApi
{
    public static void Map(IEndpointRouteBuilder endpoints, ClusterReader cluster)
    {
        var api = endpoints.MapGroup("/api");
        Answer(api, "/cluster", async _ => await cluster.Cluster());
        Answer(api, "/runs", async _ => await cluster.Runs());
        Answer(api, "/runs/{run}", async request => await cluster.Run(Run(request)));
        Answer(api, "/runs/{run}/history", async request => await cluster.Curves(Run(request)));
        Answer(api, "/runs/{run}/events", async request => await cluster.Events(Run(request), After(request)));
    }

    private static void Answer<T>(RouteGroupBuilder api, string route, Func<HttpRequest, Task<T?>> ask)
        where T : class => api.MapGet(route, (RequestDelegate)(async context =>
    {
        try
        {
            if (await ask(context.Request) is { } document)
                await Write(context, StatusCodes.Status200OK, document);
            else
                await Write(context, StatusCodes.Status404NotFound, new Refusal("there is no run of this name"));
        }
        catch (BadHttpRequestException wrong)
        {
            await Write(context, StatusCodes.Status400BadRequest, new Refusal(wrong.Message));
        }
        catch (Exception absent) when (absent is OrleansException or TimeoutException or InvalidOperationException or ObjectDisposedException)
        {
            // It starts, it ends, or the silo that was asked has just died: the page asks again.
            context.Response.Headers.RetryAfter = "1";
            await Write(context, StatusCodes.Status503ServiceUnavailable, new Refusal("the cluster does not answer; ask again"));
        }
    }));

    private static async Task Write<T>(HttpContext context, int status, T document)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(context.Response.Body, document, StatusJson.Options, context.RequestAborted);
    }

    private static string Run(HttpRequest request) => $"{request.RouteValues["run"]}";

    private static long After(HttpRequest request) => request.Query["after"].ToString() switch
    {
        "" => 0,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var after) => after,
        _ => throw new BadHttpRequestException("after: give the number of the last event that was read, from 0 on"),
    };
}
