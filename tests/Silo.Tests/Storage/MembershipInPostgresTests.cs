using Bam.Postgres;

namespace Bam.Silo.Tests.Storage;

[Collection(nameof(PostgresCollection))]
public sealed class MembershipInPostgresTests(PostgresFixture postgres) : MembershipTests(OrleansStores.In(postgres));
