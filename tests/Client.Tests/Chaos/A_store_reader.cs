using Bam.Client.Chaos;

namespace Bam.Client.Tests.Chaos;

public sealed class A_store_reader : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam store ").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Sees_the_fence_what_is_published_and_what_was_set_aside_and_nothing_half_done()
    {
        File.WriteAllText(Path.Combine(_folder, ".attempt"), "3");
        Write("step-00000020", """{ "step": 20, "attempt": 2, "parent": "/p/step-00000010", "created": "2026-02-03T04:05:06Z", "files": { "state.json": {} } }""",
            """{ "step": 20, "tokens": 2560, "windows": 84, "train": { "batch": 4 }, "skipped_batches": [7] }""");
        Write("step-00000000", """{ "step": 0, "attempt": 0, "parent": null, "created": "2026-02-03T04:05:06Z", "files": {} }""", null);
        Write("step-00000040.corrupt", "{}", null);
        Write("step-00000060", null, "{}");
        Write("step-00000080", """{ "step": 80, "att""", null);
        Directory.CreateDirectory(Path.Combine(_folder, ".tmp-1"));

        var look = new MemberStoreReader(_folder).Look();

        Assert.Equal(3, look.Fence);
        Assert.Equal([Path.Combine(_folder, "step-00000040.corrupt")], look.SetAside);
        Assert.Equal([(0L, 0, (string?)null), (20L, 2, "/p/step-00000010")], look.Published.Select(checkpoint => (checkpoint.Step, checkpoint.Attempt, checkpoint.Parent)));
        Assert.Null(look.Published[0].Position);
        Assert.Equal((20L, 2560L, 84L, 4, 32), look.Published[1].Position is { } at ? (at.Step, at.Tokens, at.Windows, at.Batch, at.Context) : default);
        Assert.Equal([7L], look.Published[1].Position!.SkippedBatches);
    }

    [Fact]
    public void Sees_nothing_where_nothing_was_published_yet()
    {
        var look = new MemberStoreReader(Path.Combine(_folder, "law")).Look();

        Assert.Null(look.Fence);
        Assert.Empty(look.Published);
    }

    private void Write(string name, string? manifest, string? state)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), """{ "context": 32 }""");
        if (manifest is not null) File.WriteAllText(Path.Combine(folder, "manifest.json"), manifest);
        if (state is not null) File.WriteAllText(Path.Combine(folder, "state.json"), state);
    }
}
