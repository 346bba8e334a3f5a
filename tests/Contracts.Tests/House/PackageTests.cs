using System.Diagnostics;
using System.Text.Json;

namespace Bam.Contracts.Tests.House;

/// <summary>The packages of the projects as MSBuild evaluates them.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task The_cpu_engine_brings_the_cpu_libtorch_and_not_the_one_for_cuda()
    {
        var packages = await Packages("Training", "cpu");

        Assert.Contains("TorchSharp", packages);
        Assert.Contains("libtorch-cpu-linux-x64", packages);
        Assert.DoesNotContain(packages, package => package.Contains("cuda", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_cuda_engine_brings_the_libtorch_for_cuda_and_not_the_one_for_the_cpu()
    {
        var packages = await Packages("Training", "cuda");

        Assert.Contains("TorchSharp", packages);
        Assert.Contains("TorchSharp-cuda-linux", packages);
        Assert.DoesNotContain("libtorch-cpu-linux-x64", packages);
    }

    [Fact]
    public async Task A_silo_serves_Orleans_and_Prometheus()
    {
        var packages = await Packages("Silo", "cpu");

        Assert.Contains("Microsoft.Orleans.Server", packages);
        Assert.Contains("OpenTelemetry.Exporter.Prometheus.AspNetCore", packages);
    }

    [Fact]
    public async Task The_console_is_a_client_and_no_server()
    {
        var packages = await Packages("Client", "cpu");

        Assert.Contains("Microsoft.Orleans.Client", packages);
        Assert.DoesNotContain("Microsoft.Orleans.Server", packages);
    }

    private static async Task<List<string>> Packages(string project, string backend)
    {
        string[] arguments =
        [
            "msbuild", Path.Combine(Repository.Root, project, $"{project}.csproj"),
            "-getItem:PackageReference", $"-p:TorchBackend={backend}",
            "-nodeReuse:false", "-noLogo",
        ];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // A build that runs the tests tells its children where its own SDK lies.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        using var msbuild = Process.Start(start)!;
        var errors = msbuild.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var printed = await msbuild.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await msbuild.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(msbuild.ExitCode == 0, $"{printed}{await errors}");
        using var json = JsonDocument.Parse(printed);
        return [.. json.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }
}
