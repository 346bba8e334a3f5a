using Bam.Postgres;

namespace Bam.Silo.Tests.Storage;

[Collection(nameof(PostgresCollection))]
public sealed class GrainStorageInPostgresTests(PostgresFixture postgres) : GrainStorageTests(OrleansStores.In(postgres));
