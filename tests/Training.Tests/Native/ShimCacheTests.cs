using Bam.Training.Native;

namespace Bam.Training.Tests.Native;

public sealed class ShimCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _original = TorchLibrary.FindShim();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_copy_differs_from_the_original_in_the_two_patched_bytes()
    {
        var copy = File.ReadAllBytes(ShimCache.Prepare(_original, [_folder]));

        Assert.Equal(2, File.ReadAllBytes(_original).Zip(copy).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void A_copy_that_is_there_is_used_again()
    {
        var first = ShimCache.Prepare(_original, [_folder]);
        var written = File.GetLastWriteTimeUtc(first);

        Assert.Equal(first, ShimCache.Prepare(_original, [_folder]));
        Assert.Equal(written, File.GetLastWriteTimeUtc(first));
    }

    [Fact]
    public void A_damaged_copy_is_made_again()
    {
        var path = ShimCache.Prepare(_original, [_folder]);
        var sound = File.ReadAllBytes(path);
        File.WriteAllBytes(path, sound[..1000]);

        Assert.Equal(path, ShimCache.Prepare(_original, [_folder]));
        Assert.Equal(sound, File.ReadAllBytes(path));
        Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_root_that_cannot_be_written_falls_to_the_next()
    {
        var path = ShimCache.Prepare(_original, [Unwritable(), _folder.At("next")]);

        Assert.StartsWith(_folder.At("next"), path, StringComparison.Ordinal);
    }

    [Fact]
    public void No_root_at_all_gives_one_line_with_the_remedy()
    {
        var failure = Assert.Throws<TorchLibraryException>(() => ShimCache.Prepare(_original, [Unwritable()]));

        Assert.Contains("set XDG_CACHE_HOME", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A folder below a file: not even root can make it.</summary>
    private string Unwritable()
    {
        File.WriteAllText(_folder.At("file"), "");
        return _folder.At("file", "cache");
    }
}
