using PuppeteerSharp;

namespace Bam.Page.Tests;

/// <summary>Debian's browser, which .ci/run installs; none is downloaded.</summary>
internal static class Chromium
{
    private static readonly string? Program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists);

    public static bool IsThere => Program is not null;

    /// <summary>Skips a test where there is no browser.</summary>
    public static void Need() => Assert.SkipUnless(IsThere, "chromium is not installed: apt-get install chromium");

    // Without its sandbox: a build runs as root, and the one site that is opened is ours.
    public static Task<IBrowser> Start() => Puppeteer.LaunchAsync(new LaunchOptions
    {
        ExecutablePath = Program!,
        Headless = true,
        Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--no-first-run", "--no-proxy-server"],
    });
}
