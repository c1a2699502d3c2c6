--
-- The history table as a transactional outbox: a publication of its changes, in the order of
-- commits, and a slot that keeps them for one consumer until he has confirmed them.  An INSERT is
-- a reuse, a DELETE one that was undone (or whose asset was deleted).  doc/notifications.md says
-- how to consume it.
--
-- Before: wal_level = logical (takes a restart), and max_slot_wal_keep_size, so that a consumer who
-- is gone does not fill the disk.  Run it outside a transaction, as a role that owns the history
-- table, may create in the database and has REPLICATION; best after the migration of old events.
--

-- publish_via_partition_root: partitions by month show as the one table.
CREATE PUBLICATION asset_reuse_outbox FOR TABLE campaign_asset_reuse_history
	WITH (publish_via_partition_root = true);

-- What commits from here on is kept.  'wal2json' in place of 'pgoutput' gives JSON.
SELECT slot_name FROM pg_create_logical_replication_slot('asset_reuse_outbox', 'pgoutput');
