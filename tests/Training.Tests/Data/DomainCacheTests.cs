using Bam.Contracts.Runs;
using Bam.Training.Data;

namespace Bam.Training.Tests.Data;

public sealed class DomainCacheTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly DomainSpec _domain;

    public DomainCacheTests() =>
        _domain = new DomainSpec("d", [_folder.WriteJsonl("t.jsonl", Enumerable.Range(0, 3000).Select(i => $"document {i}"))], []);

    [Fact]
    public void The_second_opening_reuses_the_first()
    {
        var written = Opened(d => File.GetLastWriteTimeUtc(d.Train.Path));

        Assert.Equal(written, Opened(d => File.GetLastWriteTimeUtc(d.Train.Path)));
    }

    [Fact]
    public async Task Concurrent_openings_prepare_once()
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => _folder.Open(_domain))));

        Assert.Single(opened.Select(d => d.Manifest.PreparedAt).Distinct());
        Assert.Single(Directory.GetDirectories(_folder.Cache));
        Assert.All(opened, data => Assert.Equal(DomainDataTests.All(opened[0].Train), DomainDataTests.All(data.Train)));
        Array.ForEach(opened, data => data.Dispose());
    }

    [Fact]
    public async Task A_waiting_opening_can_be_cancelled()
    {
        var folder = Opened(d => d.Folder);
        Directory.Delete(folder, recursive: true);
        using var held = PreparationLock.Acquire(folder + ".lock", CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var waiting = Task.Run(() => DomainData.Open(_domain, "bytes", _folder.Cache, cancel.Token), TestContext.Current.CancellationToken);

        await Task.Delay(150, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData("manifest.json", "{ \"format\": 1")]
    [InlineData("manifest.json", "{}")]
    [InlineData("manifest.json", null)]
    [InlineData("train.bin", "short")]
    [InlineData("validation.bin", null)]
    public void A_damaged_entry_is_made_anew(string name, string? content)
    {
        var (folder, tokens) = Opened(d => (d.Folder, DomainDataTests.All(d.Train)));
        var path = Path.Combine(folder, name);
        if (content is null) File.Delete(path);
        else File.WriteAllText(path, content);

        Assert.Equal(tokens, Opened(d => DomainDataTests.All(d.Train)));
        Assert.Equal([folder], Directory.GetDirectories(_folder.Cache));
    }

    [Fact]
    public void What_a_killed_preparer_left_is_cleared_away()
    {
        var folder = Opened(d => d.Folder);
        Directory.Delete(folder, recursive: true);
        var leftover = Directory.CreateDirectory(Path.Combine(_folder.Cache, $".tmp-{Path.GetFileName(folder)}-0123")).FullName;
        File.WriteAllText(Path.Combine(leftover, "train.bin"), "half");

        Assert.Equal(folder, Opened(d => d.Folder));
        Assert.Equal([folder], Directory.GetDirectories(_folder.Cache));
    }

    [Fact]
    public void Changed_sources_and_other_tokenizers_have_entries_of_their_own()
    {
        var bytes = Opened(d => d.Folder);
        using var ranks = _folder.Open(_domain, "cl100k_base:300");
        File.AppendAllText(_domain.Train[0], "{\"text\":\"one more\"}\n");
        var changed = Opened(d => d.Folder);

        Assert.Equal(3, new HashSet<string> { bytes, ranks.Folder, changed }.Count);
    }

    [Fact]
    public void A_cache_that_cannot_be_made_is_named()
    {
        var file = _domain.Train[0];
        var error = Assert.Throws<DataException>(() => DomainData.Open(_domain, "bytes", cacheFolder: file, CancellationToken.None));

        DocumentReaderTests.AssertOneLine(error, "'d'", file);
    }

    public void Dispose() => _folder.Dispose();

    private T Opened<T>(Func<DomainData, T> read)
    {
        using var data = _folder.Open(_domain);
        return read(data);
    }
}
