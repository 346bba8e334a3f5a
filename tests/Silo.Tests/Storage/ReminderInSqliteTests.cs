namespace Bam.Silo.Tests.Storage;

public sealed class ReminderInSqliteTests() : ReminderTests(OrleansStores.InSqlite());
