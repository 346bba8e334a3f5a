namespace Bam.Silo.Tests.Storage;

public sealed class MembershipInSqliteTests() : MembershipTests(OrleansStores.InSqlite());
