namespace Bam.Contracts.Tests.House;

/// <summary>The arrows of design.md section 2, read from the built assemblies: they point one way.</summary>
public sealed class DependencyTests
{
    private static readonly string[] Ours = ["Bam.Contracts", "Bam.Storage", "Bam.Training", "Bam.Grains", "Bam.Silo", "bam"];

    [Theory]
    [InlineData("Contracts", "Bam.Contracts", "")]
    [InlineData("Contracts/Storage", "Bam.Storage", "")]
    [InlineData("Training", "Bam.Training", "Bam.Contracts")]
    [InlineData("Grains", "Bam.Grains", "Bam.Contracts Bam.Training")]
    [InlineData("Silo", "Bam.Silo", "Bam.Contracts Bam.Storage Bam.Training Bam.Grains")]
    [InlineData("Client", "bam", "Bam.Contracts Bam.Storage Bam.Training")]
    public void A_room_knows_only_the_rooms_below_it(string project, string assembly, string allowed)
    {
        var facts = Facts(project, assembly);

        Assert.Empty(facts.References(Ours).Except(allowed.Split(' ')));
    }

    [Theory]
    [InlineData("Contracts", "Bam.Contracts")]
    [InlineData("Grains", "Bam.Grains")]
    [InlineData("Silo", "Bam.Silo")]
    public void The_contracts_the_actors_and_the_host_know_no_torch(string project, string assembly) =>
        Assert.Empty(Facts(project, assembly).References("TorchSharp"));

    // Orleans' source generator comes along with the contracts, and registers even an assembly without messages.
    [Fact]
    public void The_engine_uses_nothing_of_Orleans_but_the_generated_registration()
    {
        string[] registration =
        [
            "Orleans.ApplicationPartAttribute",
            "Orleans.Serialization.Configuration.TypeManifestOptions",
            "Orleans.Serialization.Configuration.TypeManifestProviderAttribute",
            "Orleans.Serialization.Configuration.TypeManifestProviderBase",
        ];

        var used = Facts("Training", "Bam.Training").Types.Where(type => type.StartsWith("Orleans.", StringComparison.Ordinal));

        Assert.Empty(used.Except(registration));
    }

    [Fact]
    public void The_engine_uses_the_run_specification_and_what_routers_and_losses_did_and_no_grain()
    {
        var used = Facts("Training", "Bam.Training").Types.Where(type => type.StartsWith("Bam.", StringComparison.Ordinal)).ToArray();

        Assert.Contains("Bam.Contracts.Runs.RunSpec", used);
        string[] told = ["Bam.Contracts.Status.RouterUse", "Bam.Contracts.Status.CurvePoint", "Bam.Contracts.Status.ValidationPoint"];
        Assert.All(used.Except(told), type => Assert.StartsWith("Bam.Contracts.Runs.", type, StringComparison.Ordinal));
    }

    private static AssemblyFacts Facts(string project, string assembly) => AssemblyFacts.Of(Repository.Assembly(project, assembly));
}
