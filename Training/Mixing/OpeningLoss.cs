namespace Bam.Training.Mixing;

/// <summary>A mixture on one domain before its first step.</summary>
/// <param name="Domain">Name of the domain.</param>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token.</param>
/// <param name="NllWithoutRescale">The same before the FFN outputs were rescaled; null when they were not.</param>
public sealed record OpeningLoss(string Domain, long Tokens, double Nll, double? NllWithoutRescale)
{
    /// <summary><c>exp(Nll)</c>.</summary>
    public double Perplexity => Math.Exp(Nll);
}
