using Bam.Client.Views;

namespace Bam.Client.Plans;

/// <summary>A model that its device has no room for.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Bytes">What it needs.</param>
/// <param name="DeviceBytes">What the device has.</param>
/// <param name="Remedies">What would fit; each by itself, or one that is several changes together. Empty when nothing would.</param>
internal sealed record TooLarge(string Model, long Bytes, long DeviceBytes, IReadOnlyList<Remedy> Remedies)
{
    public override string ToString() =>
        $"{Model}: needs about {Figures.Bytes(Bytes)} on one device of {Figures.Bytes(DeviceBytes)}; " + (Remedies.Count == 0
            ? "nothing that a mixture could save would fit it: give larger devices, or a smaller model"
            : $"would fit: {string.Join(", or ", Remedies.Select(remedy => $"{remedy.Change} ({Figures.Bytes(remedy.Bytes)})"))}");
}
