namespace Bam.Contracts.Clusters.Tls;

/// <summary>What a certificate lets its owner be in a cluster.</summary>
public enum TlsRole
{
    /// <summary>A silo: joins the cluster and takes consoles in.</summary>
    Silo,

    /// <summary>A console: may call a silo, and be none.</summary>
    Console,
}
