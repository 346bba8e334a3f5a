namespace Bam.Silo.Page;

/// <summary>A silo of the cluster.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Address at which the others reach it, <c>ip:port</c>.</param>
/// <param name="State">What the membership says of it, such as <c>active</c>.</param>
/// <param name="Device">Torch device of its slot; null for none.</param>
/// <param name="Holder"><c>run/model</c> that trains there; null when it is free.</param>
internal sealed record SiloLine(string Name, string Address, SiloStatus State, string? Device, string? Holder);
