using Bam.Training.Native;

namespace Bam.Training.Tests.Native;

/// <summary>On the library that TorchSharp delivers: the patches must fit it, not an image of our own making.</summary>
public sealed class ElfPatchTests
{
    private const string Marker = "GLIBCXX_3.4.32", FreeScalar = "THSTorch_dispose_scalar";
    private const byte Weak = 2, Return = 0xC3;

    private readonly byte[] _original = File.ReadAllBytes(TorchLibrary.FindShim());

    [Fact]
    public void The_needed_version_becomes_weak_where_it_was_not()
    {
        var patched = (byte[])_original.Clone();

        Assert.Equal(1, ElfPatch.WeakenVersion(patched, Marker));

        var at = Assert.Single(Changes(_original, patched));
        Assert.Equal(0, _original[at] & Weak);
        Assert.Equal(_original[at] | Weak, patched[at]);
    }

    [Fact]
    public void The_function_returns_at_once_by_one_changed_byte()
    {
        var patched = (byte[])_original.Clone();

        Assert.True(ElfPatch.ReturnAtOnce(patched, FreeScalar));

        var at = Assert.Single(Changes(_original, patched));
        Assert.NotEqual(Return, _original[at]);
        Assert.Equal(Return, patched[at]);
    }

    [Fact]
    public void Patching_twice_changes_nothing_more()
    {
        var once = Patched(_original);

        Assert.Equal(once, Patched(once));
    }

    [Fact]
    public void What_is_not_there_is_reported_and_nothing_changes()
    {
        var image = (byte[])_original.Clone();

        Assert.Equal(0, ElfPatch.WeakenVersion(image, "GLIBCXX_9.9.9"));
        Assert.False(ElfPatch.ReturnAtOnce(image, "THSTorch_no_such_function"));
        Assert.Equal(_original, image);
    }

    private static byte[] Patched(byte[] image)
    {
        var patched = (byte[])image.Clone();
        ElfPatch.WeakenVersion(patched, Marker);
        ElfPatch.ReturnAtOnce(patched, FreeScalar);
        return patched;
    }

    private static IEnumerable<int> Changes(byte[] before, byte[] after) =>
        Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]);
}
