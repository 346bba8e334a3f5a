-- Schema of a cluster in PostgreSQL (13 or later): Orleans' membership, grain state and reminders.
-- 'bam cluster schema' prints this file and 'bam cluster schema --apply' runs it; applied again, it changes nothing.
-- Orleans' ADO.NET providers run the statements of OrleansQuery, by key; parameter and column names are theirs.
-- Every write is one statement, so it happens whole or not at all. A change here raises PostgresSchema.Version, and the number below.

BEGIN;
SELECT pg_advisory_xact_lock(1111575857); -- "BAM1": whoever applies it, one at a time

CREATE TABLE IF NOT EXISTS BamSchema (Version integer NOT NULL);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM BamSchema WHERE Version > 1) THEN
        RAISE EXCEPTION 'this database has the schema of a newer program: version %', (SELECT max(Version) FROM BamSchema);
    END IF;
END $$;

CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey  text NOT NULL PRIMARY KEY,
    QueryText text NOT NULL
);
DELETE FROM OrleansQuery;

-- Membership ---------------------------------------------------------------------------------------------------------------------------
-- Every change of a silo's row is a compare-and-swap on the version row: both change or neither does. Of two that meet, the second waits
-- for the row, finds the version gone on, and changes nothing.
-- Status: 1 created, 2 joining, 3 active, 4 shutting down, 5 stopping, 6 dead.

CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (
    DeploymentId text        NOT NULL PRIMARY KEY,
    Timestamp    timestamptz NOT NULL,
    Version      integer     NOT NULL
);

CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
    DeploymentId text        NOT NULL,
    Address      text        NOT NULL,
    Port         integer     NOT NULL,
    Generation   integer     NOT NULL,
    SiloName     text        NOT NULL,
    HostName     text        NOT NULL,
    Status       integer     NOT NULL,
    ProxyPort    integer     NULL,
    SuspectTimes text        NULL,
    StartTime    timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);

INSERT INTO OrleansQuery VALUES ('InsertMembershipVersionKey', $$
WITH first AS (
    INSERT INTO OrleansMembershipVersionTable (DeploymentId, Timestamp, Version)
    VALUES (@DeploymentId, now(), 0)
    ON CONFLICT DO NOTHING
    RETURNING 1)
SELECT count(*)::integer FROM first
$$);

INSERT INTO OrleansQuery VALUES ('InsertMembershipKey', $$
WITH next AS (
    UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1
    WHERE DeploymentId = @DeploymentId AND Version = @Version
      AND NOT EXISTS (
        SELECT 1 FROM OrleansMembershipTable
        WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
    RETURNING 1),
joined AS (
    INSERT INTO OrleansMembershipTable
        (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
    SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
    FROM next
    RETURNING 1)
SELECT count(*)::integer FROM joined
$$);

INSERT INTO OrleansQuery VALUES ('UpdateMembershipKey', $$
WITH next AS (
    UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1
    WHERE DeploymentId = @DeploymentId AND Version = @Version
      AND EXISTS (
        SELECT 1 FROM OrleansMembershipTable
        WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
    RETURNING 1),
changed AS (
    UPDATE OrleansMembershipTable
    SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = greatest(IAmAliveTime, @IAmAliveTime)
    WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
      AND EXISTS (SELECT 1 FROM next)
    RETURNING 1)
SELECT count(*)::integer FROM changed
$$);

INSERT INTO OrleansQuery VALUES ('UpdateIAmAlivetimeKey', $$
UPDATE OrleansMembershipTable SET IAmAliveTime = greatest(IAmAliveTime, @IAmAliveTime)
WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
$$);

INSERT INTO OrleansQuery VALUES ('MembershipReadRowKey', $$
SELECT v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes,
       m.StartTime, m.IAmAliveTime, v.Version
FROM OrleansMembershipVersionTable v
LEFT OUTER JOIN OrleansMembershipTable m
  ON m.DeploymentId = v.DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation
WHERE v.DeploymentId = @DeploymentId
$$);

INSERT INTO OrleansQuery VALUES ('MembershipReadAllKey', $$
SELECT v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes,
       m.StartTime, m.IAmAliveTime, v.Version
FROM OrleansMembershipVersionTable v
LEFT OUTER JOIN OrleansMembershipTable m ON m.DeploymentId = v.DeploymentId
WHERE v.DeploymentId = @DeploymentId
$$);

INSERT INTO OrleansQuery VALUES ('GatewaysQueryKey', $$
SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0
$$);

INSERT INTO OrleansQuery VALUES ('DeleteMembershipTableEntriesKey', $$
WITH members AS (DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId)
DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId
$$);

-- Only the dead are swept away: a slow silo is not defunct, and a joining one that vanished is declared dead first.
INSERT INTO OrleansQuery VALUES ('CleanupDefunctSiloEntriesKey', $$
DELETE FROM OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status = 6 AND IAmAliveTime < @IAmAliveTime AND StartTime < @IAmAliveTime
$$);

-- The one row that the caller has just read, and only if it is still as it was.
INSERT INTO OrleansQuery VALUES ('CleanupDefunctSiloEntryKey', $$
DELETE FROM OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status = 6 AND Address = @Address AND Port = @Port AND Generation = @Generation
  AND IAmAliveTime = @IAmAliveTime AND StartTime = @StartTime AND coalesce(SuspectTimes, '') = coalesce(@SuspectTimes, '')
$$);

-- Grain state --------------------------------------------------------------------------------------------------------------------------
-- Version is the ETag. A write that finds another one returns no row, and Orleans throws InconsistentStateException.

CREATE TABLE IF NOT EXISTS OrleansStorage (
    ServiceId       text        NOT NULL,
    GrainTypeString text        NOT NULL,
    GrainIdN0       bigint      NOT NULL,
    GrainIdN1       bigint      NOT NULL,
    GrainKey        text        NOT NULL,
    PayloadBinary   bytea       NULL,
    ModifiedOn      timestamptz NOT NULL,
    Version         integer     NOT NULL,
    PRIMARY KEY (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainKey)
);

INSERT INTO OrleansQuery VALUES ('ReadFromStorageKey', $$
SELECT PayloadBinary, Version FROM OrleansStorage
WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
  AND GrainKey = coalesce(@GrainIdExtensionString, '')
$$);

-- "INSERT" only for a writer that has seen no row (a null version), "UPDATE" only for one that has seen this one.
INSERT INTO OrleansQuery VALUES ('WriteToStorageKey', $$
INSERT INTO OrleansStorage AS stored
    (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainKey, PayloadBinary, ModifiedOn, Version)
SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''), @PayloadBinary, now(), 1
WHERE @GrainStateVersion::integer IS NULL OR EXISTS (
    SELECT 1 FROM OrleansStorage
    WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
      AND GrainKey = coalesce(@GrainIdExtensionString, ''))
ON CONFLICT (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainKey) DO UPDATE
SET PayloadBinary = excluded.PayloadBinary, ModifiedOn = excluded.ModifiedOn, Version = stored.Version + 1
WHERE stored.Version = @GrainStateVersion::integer
RETURNING Version AS NewGrainStateVersion
$$);

INSERT INTO OrleansQuery VALUES ('ClearStorageKey', $$
UPDATE OrleansStorage SET PayloadBinary = NULL, ModifiedOn = now(), Version = Version + 1
WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
  AND GrainKey = coalesce(@GrainIdExtensionString, '') AND Version = @GrainStateVersion::integer
RETURNING Version AS NewGrainStateVersion
$$);

-- Reminders ----------------------------------------------------------------------------------------------------------------------------
-- GrainHash is a uint stored as a signed number; a range that wraps around it is the second of the two range queries.

CREATE TABLE IF NOT EXISTS OrleansRemindersTable (
    ServiceId    text        NOT NULL,
    GrainId      text        NOT NULL,
    ReminderName text        NOT NULL,
    StartTime    timestamptz NOT NULL,
    Period       bigint      NOT NULL,
    GrainHash    integer     NOT NULL,
    Version      integer     NOT NULL,
    PRIMARY KEY (ServiceId, GrainId, ReminderName)
);

INSERT INTO OrleansQuery VALUES ('UpsertReminderRowKey', $$
INSERT INTO OrleansRemindersTable AS stored (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
ON CONFLICT (ServiceId, GrainId, ReminderName) DO UPDATE
SET StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = stored.Version + 1
RETURNING Version
$$);

INSERT INTO OrleansQuery VALUES ('ReadReminderRowKey', $$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable
WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName
$$);

INSERT INTO OrleansQuery VALUES ('ReadReminderRowsKey', $$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable
WHERE ServiceId = @ServiceId AND GrainId = @GrainId
$$);

INSERT INTO OrleansQuery VALUES ('ReadRangeRows1Key', $$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable
WHERE ServiceId = @ServiceId AND GrainHash > @BeginHash AND GrainHash <= @EndHash
$$);

INSERT INTO OrleansQuery VALUES ('ReadRangeRows2Key', $$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable
WHERE ServiceId = @ServiceId AND (GrainHash > @BeginHash OR GrainHash <= @EndHash)
$$);

INSERT INTO OrleansQuery VALUES ('DeleteReminderRowKey', $$
WITH gone AS (
    DELETE FROM OrleansRemindersTable
    WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version
    RETURNING 1)
SELECT count(*)::integer FROM gone
$$);

INSERT INTO OrleansQuery VALUES ('DeleteReminderRowsKey', $$
DELETE FROM OrleansRemindersTable WHERE ServiceId = @ServiceId
$$);

DELETE FROM BamSchema;
INSERT INTO BamSchema VALUES (1);
COMMIT;
