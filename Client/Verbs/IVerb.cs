using System.CommandLine;

namespace Bam.Client.Verbs;

/// <summary>A verb of the console.</summary>
internal interface IVerb
{
    /// <summary>Its name, options and action.</summary>
    Command Command { get; }
}
