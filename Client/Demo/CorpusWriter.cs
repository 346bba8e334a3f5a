namespace Bam.Client.Demo;

/// <summary>Writes <c>DOMAIN.train.jsonl</c> and <c>DOMAIN.validation.jsonl</c> of each built-in domain.</summary>
/// <param name="folder">Folder, made when it is missing.</param>
/// <param name="seed">The same seed writes the same text.</param>
/// <param name="trainBytes">Size of each training file, about.</param>
/// <param name="validationBytes">Size of each validation file, about.</param>
internal delegate void CorpusWriter(string folder, long seed, long trainBytes, long validationBytes);
