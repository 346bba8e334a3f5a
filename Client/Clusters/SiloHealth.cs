namespace Bam.Client.Clusters;

/// <summary>Asks a silo of this host how it is.</summary>
internal static class SiloHealth
{
    // Never through a proxy: the silos are on loopback.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>True when the silo is active in its cluster; false when it is not, or does not answer within 2 s.</summary>
    public static Task<bool> IsReady(SiloState silo, CancellationToken cancellation) => Answers(silo, "ready", cancellation);

    /// <summary>True when the silo's process answers at all; false when it does not within 2 s.</summary>
    public static Task<bool> IsLive(SiloState silo, CancellationToken cancellation) => Answers(silo, "live", cancellation);

    private static async Task<bool> Answers(SiloState silo, string check, CancellationToken cancellation)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"http://127.0.0.1:{silo.HttpPort}/health/{check}"), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or TaskCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }
}
