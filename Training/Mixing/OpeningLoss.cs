namespace Bam.Training.Mixing;

/// <summary>Loss of a mixture before its first step.</summary>
/// <param name="Domain">Domain it was measured on.</param>
/// <param name="Nll">Mean negative log-likelihood of a token.</param>
/// <param name="NllWithoutRescale">The same before the FFN experts were scaled; null without rescale.</param>
public sealed record OpeningLoss(string Domain, double Nll, double? NllWithoutRescale);
