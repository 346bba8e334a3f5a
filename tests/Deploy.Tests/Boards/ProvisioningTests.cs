using Bam.Contracts.Tests;
using YamlDotNet.RepresentationModel;

namespace Bam.Deploy.Tests.Boards;

public sealed class ProvisioningTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "grafana", "provisioning");

    [Fact]
    public void The_data_source_is_Prometheus_with_a_uid_and_the_scrape_interval_that_it_scrapes_with()
    {
        var source = Only("datasources", "datasources");
        var scrape = Yaml(Path.Combine(Repository.Root, "deploy", "prometheus", "prometheus.yml"))["global"]["scrape_interval"];

        Assert.Equal(("prometheus", "bam-prometheus", "$BAM_PROMETHEUS_URL"), ($"{source["type"]}", $"{source["uid"]}", $"{source["url"]}"));
        Assert.Equal(scrape, source["jsonData"]["timeInterval"]);
    }

    [Fact]
    public void The_boards_come_from_their_folder_and_cannot_be_changed_in_the_browser()
    {
        var provider = Only("dashboards", "providers");

        Assert.Equal(("file", "$BAM_DASHBOARDS"), ($"{provider["type"]}", $"{provider["options"]["path"]}"));
        Assert.Equal(("false", "true"), ($"{provider["allowUiUpdates"]}", $"{provider["disableDeletion"]}"));
    }

    private static YamlNode Only(string folder, string key)
    {
        var root = Yaml(Assert.Single(Directory.GetFiles(Path.Combine(Folder, folder))));
        Assert.Equal("1", $"{root["apiVersion"]}");
        return Assert.Single((YamlSequenceNode)root[key]);
    }

    private static YamlNode Yaml(string path)
    {
        var stream = new YamlStream();
        using var text = File.OpenText(path);
        stream.Load(text);
        return Assert.Single(stream.Documents).RootNode;
    }
}
