using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

public sealed class DamagedCheckpointTests : IDisposable
{
    private readonly CheckpointFolder _folder = new();

    /// <summary>What can happen to a folder that was published whole, and what is said of it.</summary>
    public static TheoryData<string, string> Damages => new()
    {
        { "truncated", "bytes, the manifest says" },
        { "empty", "model.safetensors has 0 bytes, the manifest says" },
        { "longer", "bytes, the manifest says" },
        { "swapped", "model.safetensors does not have the SHA-256 of the manifest" },
        { "bit flipped", "model.safetensors does not have the SHA-256 of the manifest" },
        { "file missing", "model.safetensors" },
        { "manifest empty", "manifest.json" },
        { "manifest garbage", "manifest.json" },
        { "manifest null", "manifest.json" },
        { "manifest without files", "manifest.json" },
        { "manifest with null files", "manifest.json" },
        { "manifest with a null entry", "manifest.json" },
        { "manifest without the model", "the manifest names no model.safetensors" },
        { "manifest of another step", "the manifest is that of step 1" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Damages))]
    public void A_damaged_checkpoint_is_set_aside_and_the_one_before_is_used(string damage, string said)
    {
        var before = _folder.Publish(1);
        Damage(_folder.Publish(2).Folder, damage);

        var newest = _folder.Store.Newest(out var damaged);

        Assert.Equal(before.Folder, newest!.Folder);
        var line = Assert.Single(damaged);
        Assert.StartsWith($"{_folder.At("step-00000002.corrupt")}: ", line, StringComparison.Ordinal);
        Assert.Contains(said, line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
        Assert.Equal(["step-00000001", "step-00000002.corrupt"], _folder.Names);
    }

    [Fact]
    public void A_step_that_is_damaged_a_second_time_is_set_aside_under_another_name()
    {
        for (var i = 0; i < 2; i++)
        {
            Damage(_folder.Publish(2).Folder, "bit flipped");
            Assert.Null(_folder.Store.Newest(out _));
        }

        Assert.Equal(["step-00000002.corrupt", "step-00000002.corrupt-2"], _folder.Names);
        Assert.True(_folder.Store.WasPublished);
    }

    [Fact]
    public void A_folder_without_a_manifest_does_not_exist()
    {
        var before = _folder.Publish(1);
        File.Delete(Path.Combine(_folder.Publish(2).Folder, CheckpointManifest.FileName));

        Assert.Equal(before.Folder, _folder.Store.Newest(out var damaged)!.Folder);
        Assert.Empty(damaged);
        Assert.Equal(["step-00000001", "step-00000002"], _folder.Names);
    }

    [Fact]
    public void What_is_no_checkpoint_is_left_alone()
    {
        Directory.CreateDirectory(_folder.At("step-x"));
        File.WriteAllText(_folder.At("step-x", CheckpointManifest.FileName), "{}");

        Assert.Null(_folder.Store.Newest(out var damaged));
        Assert.Empty(damaged);
        Assert.Equal(["step-x"], _folder.Names);
    }

    [Fact]
    public void Publishing_over_a_damaged_checkpoint_sets_it_aside()
    {
        Damage(_folder.Publish(2, value: 1).Folder, "bit flipped");

        var again = _folder.Publish(2, value: 7);

        Assert.Equal(again.ModelSha256, _folder.Store.Newest(out _)!.ModelSha256);
        Assert.Equal(["step-00000002", "step-00000002.corrupt"], _folder.Names);
    }

    private static void Damage(string folder, string damage)
    {
        string model = Path.Combine(folder, Checkpoint.ModelFile), manifest = Path.Combine(folder, CheckpointManifest.FileName);
        var bytes = File.ReadAllBytes(model);
        void Manifest(string text) => File.WriteAllText(manifest, text);
        switch (damage)
        {
            case "truncated":
                File.WriteAllBytes(model, bytes[..^1]);
                break;
            case "empty":
                File.WriteAllBytes(model, []);
                break;
            case "longer":
                File.WriteAllBytes(model, [.. bytes, 0]);
                break;
            case "swapped":
                File.Move(Path.Combine(folder, Checkpoint.OptimizerFile), model, overwrite: true);
                File.WriteAllBytes(Path.Combine(folder, Checkpoint.OptimizerFile), bytes);
                break;
            case "bit flipped":
                bytes[^3] ^= 0x10;
                File.WriteAllBytes(model, bytes);
                break;
            case "file missing":
                File.Delete(model);
                break;
            case "manifest empty":
                Manifest("");
                break;
            case "manifest garbage":
                File.WriteAllBytes(manifest, [0, 255, 17, 3]);
                break;
            case "manifest null":
                Manifest("null");
                break;
            case "manifest without files":
                Manifest("""{ "step": 2, "attempt": 0, "created": "2026-01-01T00:00:00Z" }""");
                break;
            case "manifest with null files":
                Manifest("""{ "step": 2, "attempt": 0, "created": "2026-01-01T00:00:00Z", "files": null }""");
                break;
            case "manifest with a null entry":
                Manifest("""{ "step": 2, "attempt": 0, "created": "2026-01-01T00:00:00Z", "files": { "model.safetensors": null } }""");
                break;
            case "manifest without the model":
                Manifest("""{ "step": 2, "attempt": 0, "created": "2026-01-01T00:00:00Z", "files": {} }""");
                break;
            case "manifest of another step":
                Manifest(File.ReadAllText(manifest).Replace("\"step\": 2", "\"step\": 1", StringComparison.Ordinal));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(damage), damage, "unknown");
        }
    }
}
