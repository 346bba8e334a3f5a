using System.Diagnostics;
using Bam.Contracts.Tests;
using Bam.Deploy.Tests.Rules;
using k8s;
using k8s.Models;

namespace Bam.Deploy.Tests.Hosts;

/// <summary>The manifests against the types of Kubernetes' own client, which knows every field; no cluster is asked.</summary>
public sealed class KubernetesTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "kubernetes");

    private static readonly object[] Resources = [.. Directory.GetFiles(Path.Combine(Folder, "base"), "*.yaml")
        .Where(path => Path.GetFileName(path) != "kustomization.yaml").Order(StringComparer.Ordinal).SelectMany(Read)];

    private static V1PodSpec Silo => Resources.OfType<V1StatefulSet>().Single().Spec.Template.Spec;

    public static TheoryData<string> Overlays => ["base", "gpu", "monitoring"];

    [Fact]
    public void Every_field_is_one_that_Kubernetes_knows() =>
        Assert.Equal(
            ["Job", "Namespace", "NetworkPolicy", "PersistentVolumeClaim", "PodDisruptionBudget", "Service", "StatefulSet"],
            Resources.Cast<IKubernetesObject>().Select(resource => resource.Kind).Order(StringComparer.Ordinal));

    [Fact]
    public void A_silo_has_more_time_to_end_than_it_takes_to_save_and_is_probed_on_its_own()
    {
        var container = Assert.Single(Silo.Containers);

        Assert.True(Silo.TerminationGracePeriodSeconds > 30);   // HostOptions.ShutdownTimeout of Silo/Hosting/HttpHosting.cs
        Assert.Equal("/health/live", container.LivenessProbe.HttpGet.Path);
        Assert.Equal("/health/ready", container.ReadinessProbe.HttpGet.Path);
        Assert.All(Resources.OfType<V1PodDisruptionBudget>(), budget => Assert.Equal("1", budget.Spec.MaxUnavailable.Value));
    }

    [Fact]
    public void Pods_run_without_any_right_and_their_secrets_are_files()
    {
        var pods = Resources.OfType<V1Job>().Select(job => job.Spec.Template.Spec).Append(Silo).ToArray();

        Assert.All(pods, pod =>
        {
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.False(pod.AutomountServiceAccountToken);
            Assert.All(pod.Containers, container =>
            {
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.All(container.VolumeMounts, mount => Assert.Contains(pod.Volumes, volume => volume.Name == mount.Name));
            });
        });
        Assert.DoesNotContain(Resources, resource => resource is V1Secret);
        Assert.Equal(
            ["bam-database-silos", "bam-page", "bam-silo-tls"], Silo.Volumes.Where(volume => volume.Secret is not null).Select(volume => volume.Secret.SecretName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_page_that_others_can_reach_has_a_token_from_a_secret()
    {
        var variables = Silo.Containers[0].Env.Where(variable => variable.Value is not null).ToDictionary(variable => variable.Name, variable => variable.Value);

        Assert.Equal(("0.0.0.0", "/secrets/page/token"), (variables["Bam__HttpAddress"], variables["Bam__PageTokenFile"]));
        Assert.Contains(Silo.Containers[0].VolumeMounts, mount => (mount.Name, mount.MountPath) == ("page", "/secrets/page"));
    }

    [Fact]
    public void Every_option_of_a_silo_is_one_that_it_has() =>
        Assert.Empty(Silo.Containers[0].Env.Select(variable => variable.Name).Except(SiloOptions.Variables()));

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Kustomize_builds_it(string overlay)
    {
        Assert.SkipUnless(Debian.Has("kubectl"), "kubectl is not installed");
        using var process = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", Path.Combine(Folder, overlay)]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, await error);
        if (overlay == "gpu")
            Assert.Contains("nvidia.com/gpu: 1", await output, StringComparison.Ordinal);
    }

    private static List<object> Read(string path) => KubernetesYaml.LoadAllFromString(File.ReadAllText(path), typeMap: null, strict: true);
}
