namespace Bam.Client.Reports.Pages;

/// <summary>A plot as PNG, twice as many pixels as it is to be shown with.</summary>
/// <param name="Name">File name without ending.</param>
/// <param name="Width">Width to show it with.</param>
/// <param name="Height">Height to show it with.</param>
/// <param name="Light">On a light page.</param>
/// <param name="Dark">On a dark page.</param>
internal sealed record PlotImage(string Name, int Width, int Height, byte[] Light, byte[] Dark)
{
    public string LightFile => $"{Name}.png";

    public string DarkFile => $"{Name}-dark.png";
}
