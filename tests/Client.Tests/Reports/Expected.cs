namespace Bam.Client.Tests.Reports;

/// <summary>What a report of the completed run says, word by word.</summary>
internal static class Expected
{
    public const string Markdown = """
        TODO
        """;
}
