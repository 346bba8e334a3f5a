namespace Bam.Silo.Tests.Storage;

public sealed class GrainStorageInSqliteTests() : GrainStorageTests(OrleansStores.InSqlite());
