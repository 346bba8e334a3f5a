using Bam.Contracts.Tests;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Bam.Deploy.Tests.Hosts;

/// <summary>What can be known of compose.yaml without an engine: that it names only what there is, shows nothing to strangers and holds no secret.</summary>
public sealed class ComposeTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy");

    private static readonly Dictionary<object, object> Compose = Read("compose.yaml");

    private static Dictionary<string, Dictionary<object, object>> Services =>
        ((Dictionary<object, object>)Compose["services"]).ToDictionary(service => $"{service.Key}", service => (Dictionary<object, object>)service.Value);

    [Fact]
    public void Every_volume_is_declared_or_a_file_of_the_repository()
    {
        var declared = ((Dictionary<object, object>)Compose["volumes"]).Keys.Select(name => $"{name}").ToArray();

        Assert.All(Services.Values.SelectMany(service => List(service, "volumes")).Select(volume => volume.Split(':')[0]), source =>
        {
            if (source.StartsWith("./", StringComparison.Ordinal))
                Assert.True(Path.Exists(Path.Combine(Folder, source)), source);
            else if (!source.StartsWith("${", StringComparison.Ordinal))
                Assert.Contains(source, declared);
        });
    }

    [Fact]
    public void Whatever_a_service_waits_for_is_a_service() => Assert.All(Services, service =>
    {
        var named = service.Value.GetValueOrDefault("depends_on") switch
        {
            Dictionary<object, object> conditions => conditions.Keys.Select(name => $"{name}"),
            IEnumerable<object> list => list.Select(name => $"{name}"),
            _ => [],
        };
        Assert.All(named, name => Assert.Contains(name, Services.Keys));
    });

    [Fact]
    public void Ports_are_published_on_loopback_only() =>
        Assert.All(Services.Values.SelectMany(service => List(service, "ports")), port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));

    [Fact]
    public void Silos_have_options_that_they_know_addresses_of_their_own_and_certificates()
    {
        var silos = Services.Where(service => service.Key.StartsWith("silo-", StringComparison.Ordinal)).Select(service => service.Value).ToArray();
        var environments = silos.Select(silo => ((Dictionary<object, object>)silo["environment"]).ToDictionary(entry => $"{entry.Key}", entry => $"{entry.Value}")).ToArray();

        Assert.Equal(2, silos.Length);
        Assert.All(environments, environment => Assert.Empty(environment.Keys.Except(SiloOptions.Variables())));
        Assert.All(environments, environment => Assert.Equal("/certificates/silo", environment["Bam__Tls"]));
        Assert.All(environments, environment => Assert.Equal(("0.0.0.0", "/secrets/page.password"), (environment["Bam__HttpAddress"], environment["Bam__PageTokenFile"])));
        Assert.Distinct(environments.Select(environment => environment["Bam__Address"]));
        Assert.All(silos.Zip(environments), pair => Assert.Contains(pair.Second["Bam__Address"], Serialize(pair.First["networks"]), StringComparison.Ordinal));
        Assert.All(silos, silo => Assert.Equal("45s", silo["stop_grace_period"]));
    }

    [Fact]
    public void No_password_stands_in_it()
    {
        var variables = Services.Values.Select(service => service.GetValueOrDefault("environment")).OfType<Dictionary<object, object>>().SelectMany(environment => environment)
            .Where(variable => $"{variable.Key}".Contains("PASSWORD", StringComparison.OrdinalIgnoreCase)).ToArray();

        Assert.NotEmpty(variables);
        Assert.All(variables, variable => Assert.StartsWith("/secrets/", $"{variable.Value}", StringComparison.Ordinal));
    }

    [Fact]
    public void The_overlay_for_GPUs_changes_services_that_there_are() =>
        Assert.Empty(((Dictionary<object, object>)Read("compose.gpu.yaml")["services"]).Keys.Select(name => $"{name}").Except(Services.Keys));

    private static Dictionary<object, object> Read(string file)
    {
        using var text = File.OpenText(Path.Combine(Folder, file));
        return new Deserializer().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(text)));
    }

    private static IEnumerable<string> List(Dictionary<object, object> service, string key) =>
        service.GetValueOrDefault(key) is IEnumerable<object> list ? list.Select(item => $"{item}") : [];

    private static string Serialize(object value) => new Serializer().Serialize(value);
}
