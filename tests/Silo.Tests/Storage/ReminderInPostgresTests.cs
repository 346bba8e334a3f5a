using Bam.Postgres;

namespace Bam.Silo.Tests.Storage;

[Collection(nameof(PostgresCollection))]
public sealed class ReminderInPostgresTests(PostgresFixture postgres) : ReminderTests(OrleansStores.In(postgres));
