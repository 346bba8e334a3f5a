using System.Runtime.CompilerServices;
using Bam.Training.Native;
using TorchSharp;

namespace Bam.Training.Tests;

/// <summary>Loads libtorch before any test touches it; one thread, so that test projects side by side do not fight for two cores.</summary>
internal static class TorchSetup
{
    [ModuleInitializer]
    internal static void Load()
    {
        TorchLibrary.Load();
        torch.set_num_threads(1);
    }
}
