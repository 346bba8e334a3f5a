namespace Bam.Client.Views;

/// <summary>What the experts take of one text.</summary>
/// <param name="Text">Name of the domain or file.</param>
/// <param name="Shares">A part for each expert; NaN for none.</param>
/// <param name="Entropy">Mean entropy of the gates in nats; NaN for none.</param>
internal sealed record ExpertShareRow(string Text, IReadOnlyList<double> Shares, double Entropy);
