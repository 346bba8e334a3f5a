using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Tests.Mixing;
using Bam.Training.Tests.Model;
using TorchSharp;

namespace Bam.Training.Tests.Paper;

/// <summary>tests/Export/read_mixture.py, which shares no code with the trainer, reads what the mixer publishes and gets its logits.</summary>
public sealed class IndependentReaderTests : IDisposable
{
    private static readonly ModelConfig Other = Shapes.Dense with { Tied = false, Norm = NormKind.RmsNorm, RopeInterleaved = false, KvHeads = 4 };

    private readonly DenseModels _models = new();

    private readonly long[] _ids = TransformerTests.Ids(1, seed: 14)[0];

    public static TheoryData<string> Models => ["KV experts", "KV shared", "BTX", "top-2 of another shape", "dense", "dense of another shape"];

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Models))]
    public void A_published_model_says_the_same_to_a_reader_that_knows_the_contract_only(string model)
    {
        var folder = Publish(model).Folder;
        using var parameters = ModelFolder.Load(folder, torch.CPU);

        AssertClose(Logits(parameters), Read(folder), 1e-4);
    }

    [Theory]
    [InlineData("ffn.experts.down")]
    [InlineData("attention.experts.q")]
    [InlineData("attention.experts.v")]
    public void Two_experts_swapped_in_the_file_say_something_else(string tensor)
    {
        var published = Publish("KV experts");
        var right = Read(published.Folder);
        using var copy = new TemporaryFolder();
        File.Copy(Path.Combine(published.Folder, Checkpoint.ConfigFile), copy.At(Checkpoint.ConfigFile));
        var tensors = TensorLayout.Of(published.Config);
        SafeTensorsWriter.Write(copy.At(Checkpoint.ModelFile), [.. tensors.Select(spec => (spec.Name, spec.Shape))], i =>
        {
            var values = DenseModels.Read(published, tensors[i].Name);
            var part = values.Length / 3;
            return tensors[i].Name == $"blocks.0.{tensor}" ? [.. values[part..(2 * part)], .. values[..part], .. values[(2 * part)..]] : values;
        });

        var wrong = Read(copy);

        Assert.True(Gap(right, wrong) > 0.01, $"differs by {Gap(right, wrong)} only");
        using var parameters = ModelFolder.Load(copy, torch.CPU);
        AssertClose(Logits(parameters), wrong, 1e-4);                          // both read the same wrong model
    }

    private Checkpoint Publish(string model)
    {
        MixSource[] Sources(ModelConfig config) => [.. new[] { "a", "b", "c" }.Select(name => _models.Publish(name, config))];
        return model switch
        {
            "KV experts" => _models.Mix(Sources(Shapes.Dense)),
            "KV shared" => _models.Mix(Sources(Shapes.Dense), Float64Models.KvShared),
            "BTX" => _models.Mix(Sources(Shapes.Dense), Float64Models.Btx),
            "top-2 of another shape" => _models.Mix(Sources(Other), Float64Models.KvShared with { FfnTopK = 2, FfnRenormalise = true }),
            "dense" => Sources(Shapes.Dense)[0].Checkpoint,
            "dense of another shape" => Sources(Other)[1].Checkpoint,
            _ => throw new ArgumentOutOfRangeException(nameof(model), model, "unknown"),
        };
    }

    private double[] Logits(ParameterSet parameters)
    {
        using var scope = torch.NewDisposeScope();
        using var quiet = torch.no_grad();
        using var model = new Transformer(parameters);
        return [.. model.Forward(torch.tensor(_ids, [1, _ids.Length])).contiguous().data<float>().ToArray().Select(value => (double)value)];
    }

    private double[] Read(string folder)
    {
        var script = Path.Combine(Repository.Root, "tests", "Export", "read_mixture.py");
        var start = new ProcessStartInfo("python3", [script, folder, .. _ids.Select(id => $"{id}")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var python = Start(start);
        var problem = python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.True(python.ExitCode == 0, problem.Result);
        return [.. JsonSerializer.Deserialize<double[][]>(output)!.SelectMany(row => row)];
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("there is no python3 on this machine; install it to run this test");
            throw;
        }
    }

    private static void AssertClose(double[] expected, double[] found, double tolerance) =>
        Assert.True(Gap(expected, found) < tolerance, $"differs by {Gap(expected, found)} of the largest number");

    private static double Gap(double[] expected, double[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        return expected.Zip(found, (a, b) => Math.Abs(a - b)).Max() / expected.Max(Math.Abs);
    }
}
