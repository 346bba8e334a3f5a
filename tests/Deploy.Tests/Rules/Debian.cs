using System.Diagnostics;

namespace Bam.Deploy.Tests.Rules;

/// <summary>Programs of Debian's package <c>prometheus</c>, which .ci/run installs.</summary>
internal static class Debian
{
    /// <summary>Path of a program of the package; a test that needs one is skipped where it is missing.</summary>
    public static string Program(string name)
    {
        var path = Find(name);
        Assert.SkipWhen(path is null, $"{name} is not installed: apt-get install prometheus");
        return path!;
    }

    /// <summary>Whether a program is there.</summary>
    public static bool Has(string name) => Find(name) is not null;

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <returns>Exit code, and what it wrote to both of its outputs.</returns>
    public static async Task<(int Code, string Output)> Promtool(string folder, string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Program("promtool"), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
