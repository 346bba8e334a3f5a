namespace Bam.Silo.Page;

/// <summary>The cluster, as one silo sees it.</summary>
/// <param name="Silo">Name of the silo that answers.</param>
/// <param name="Version">Its version.</param>
/// <param name="Silos">All silos, in the order of their names; of one that came again, its last life.</param>
/// <param name="Dashboard">Where the Orleans dashboard is; null when it is off.</param>
/// <param name="SignedIn">Whether the page asks for a token, so that there is something to sign out of.</param>
internal sealed record ClusterView(string Silo, string Version, IReadOnlyList<SiloLine> Silos, string? Dashboard, bool SignedIn);
