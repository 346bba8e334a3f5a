-- The least rights on a cluster's tables, for two roles without a login: bam_silo for silos, bam_console for consoles. Run it after
-- schema.sql, in the same database and schema, as a role that may create roles. A login then becomes one of them:
--     CREATE ROLE my_silos LOGIN IN ROLE bam_silo;  \password my_silos
-- Neither may create or change a table. Who can write the membership table owns the cluster: give bam_silo to silos only.

BEGIN;
SELECT pg_advisory_xact_lock(1111575857); -- as schema.sql: one at a time

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bam_silo') THEN CREATE ROLE bam_silo NOLOGIN; END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bam_console') THEN CREATE ROLE bam_console NOLOGIN; END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO bam_silo, bam_console', current_database());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO bam_silo, bam_console', current_schema());
END $$;

GRANT SELECT ON BamSchema, OrleansQuery TO bam_silo, bam_console;
GRANT SELECT ON OrleansMembershipTable, OrleansMembershipVersionTable TO bam_console;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON OrleansMembershipTable, OrleansMembershipVersionTable, OrleansStorage, OrleansRemindersTable TO bam_silo;
COMMIT;
