using Bam.Training.Native;

namespace Bam.Training.Tests.Native;

public sealed class TorchLibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_chosen_folder_wins()
    {
        var chosen = LibTorch("chosen");

        var found = TorchLibrary.Find(chosen, [LibTorch("beside")], LibTorch("package"));

        Assert.Equal((chosen, "BAM_LIBTORCH"), (found.Folder, found.Source));
    }

    [Fact]
    public void The_parent_of_a_lib_folder_will_do()
    {
        var lib = LibTorch("torch", "lib");

        Assert.Equal(lib, TorchLibrary.Find(_folder.At("torch"), [], null).Folder);
    }

    [Fact]
    public void A_wrong_choice_is_refused_in_one_line_with_the_command_that_finds_the_right_one()
    {
        var failure = Assert.Throws<TorchLibraryException>(() => TorchLibrary.Find(_folder, [LibTorch("beside")], LibTorch("package")));

        Assert.StartsWith($"BAM_LIBTORCH={_folder.Path}: no libtorch_cpu.so in it", failure.Message, StringComparison.Ordinal);
        Assert.Contains("python3 -c \"import torch", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_choice_the_folder_beside_the_program_goes_before_the_package(string? chosen)
    {
        string missing = _folder.At("missing"), beside = LibTorch("beside"), package = LibTorch("package");

        Assert.Equal(beside, TorchLibrary.Find(chosen, [missing, beside], package).Folder);
        Assert.Equal(package, TorchLibrary.Find(chosen, [missing], package).Folder);
    }

    [Fact]
    public void Nothing_found_gives_one_line_with_both_remedies()
    {
        var failure = Assert.Throws<TorchLibraryException>(() => TorchLibrary.Find(null, [_folder], _folder.At("package")));

        Assert.Contains("'dotnet restore'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("BAM_LIBTORCH", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void A_folder_with_the_cuda_library_is_one_for_gpus()
    {
        var folder = LibTorch("cuda");
        Assert.False(TorchLibrary.Find(folder, [], null).HasCuda);

        File.WriteAllText(Path.Combine(folder, "libtorch_cuda.so"), "");

        Assert.True(TorchLibrary.Find(folder, [], null).HasCuda);
    }

    private string LibTorch(params string[] names)
    {
        var folder = Directory.CreateDirectory(_folder.At(names)).FullName;
        File.WriteAllText(Path.Combine(folder, "libtorch_cpu.so"), "");
        return folder;
    }
}
