namespace Bam.Client.Verbs;

/// <summary>One model on one domain or file.</summary>
/// <param name="Name">Name of the domain, or path of the file.</param>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token.</param>
/// <param name="BitsPerByte">Bits a byte of UTF-8 text.</param>
/// <param name="Perplexity"><c>exp(Nll)</c>.</param>
internal sealed record EvaluationRow(string Name, long Tokens, double Nll, double BitsPerByte, double Perplexity);
