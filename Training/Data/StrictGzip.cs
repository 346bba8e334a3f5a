using System.Runtime.CompilerServices;

namespace Bam.Training.Data;

/// <summary>
/// By default a <c>GZipStream</c> takes a file that breaks off for one that ends: a corpus would lose its rest in silence. This makes it
/// an <see cref="InvalidDataException"/>. The runtime reads the switch once, when the first compressed stream of the process is made.
/// </summary>
internal static class StrictGzip
{
#pragma warning disable CA2255 // the switch has to be set before any other code of this library decompresses
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Enable() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);
}
