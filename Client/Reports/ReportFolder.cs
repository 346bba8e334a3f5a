using System.Text.RegularExpressions;
using Bam.Client.Clusters;
using Bam.Client.Reports.Pages;
using Bam.Client.RunFiles;

namespace Bam.Client.Reports;

/// <summary>Where a report goes: a folder of its own, there as a whole or not at all. An earlier report in it is replaced.</summary>
internal sealed partial class ReportFolder(string path)
{
    public const string Markdown = "report.md", Html = "report.html";

    /// <summary>Looks whether a report may be written there, before there is one.</summary>
    /// <exception cref="UserException">The folder is taken by something else.</exception>
    public void Check()
    {
        if (File.Exists(path)) throw new UserException($"--out: {path} is a file; give a folder", 2);
        if (Foreign() is { } other)
            throw new UserException($"--out: {path} has {other}, which is no part of a report; give another folder, or empty this one", 2);
    }

    /// <summary>Writes a report beside the folder and then puts it in the folder's place.</summary>
    /// <returns>Names of the files.</returns>
    /// <exception cref="UserException">It cannot be written; nothing is left of it.</exception>
    public IReadOnlyList<string> Write(ReportDocument document)
    {
        Check();
        var (aside, former) = ($"{path}.tmp-{Guid.NewGuid():n}", $"{path}.old-{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(aside);
            var files = new List<string>();
            Add(Html, System.Text.Encoding.UTF8.GetBytes(HtmlPage.Of(document)));
            Add(Markdown, System.Text.Encoding.UTF8.GetBytes(MarkdownPage.Of(document)));
            foreach (var image in document.Images)
            {
                Add(image.LightFile, image.Light);
                Add(image.DarkFile, image.Dark);
            }

            if (Directory.Exists(path)) Directory.Move(path, former);
            Directory.Move(aside, path);
            return files;

            void Add(string name, byte[] content)
            {
                File.WriteAllBytes(Path.Combine(aside, name), content);
                files.Add(name);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(former) && !Directory.Exists(path)) Directory.Move(former, path);
            throw new UserException($"--out: {path} cannot be written: {Printable.Line(e.Message)}; give another folder", 2);
        }
        finally
        {
            foreach (var leftover in new[] { aside, former }.Where(Directory.Exists))
                Directory.Delete(leftover, recursive: true);
        }
    }

    /// <summary>Something in the folder that no report of ours wrote; null for nothing.</summary>
    private string? Foreign()
    {
        if (!Directory.Exists(path)) return null;
        var names = Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry)).ToArray();
        var isOurs = File.Exists(Path.Combine(path, Html)) && File.ReadLines(Path.Combine(path, Html)).Take(10).Contains(HtmlPage.Generator);
        return names.FirstOrDefault(name => !isOurs || Directory.Exists(Path.Combine(path, name)) || !Ours().IsMatch(name)) is { } other
            ? $"'{Printable.Line(other)}'"
            : null;
    }

    [GeneratedRegex(@"^(report\.(md|html)|(loss|validation|experts|timeline)[a-z0-9-]*\.png)$")]
    private static partial Regex Ours();
}
