--
-- Uses the history table as a transactional outbox: creates a publication of its changes, in the
-- order of commits, and a slot that keeps them for one consumer until the consumer has confirmed
-- them.  An INSERT is a reuse; a DELETE is an undo, or the deletion of the asset.
-- doc/notifications.md describes how to consume it.
--
-- Requires wal_level = logical (which takes a restart) and max_slot_wal_keep_size, so that an absent
-- consumer does not fill the disk.  Run it outside a transaction, as a role that owns the history
-- table, has CREATE on the database and has REPLICATION; best after the migration of old events:
--
--     psql -f examples/outbox.sql
--     psql -v history=shop.campaign_asset_reuse_history -f examples/outbox.sql
--

\if :{?history}
\else
	\set history campaign_asset_reuse_history
\endif

-- publish_via_partition_root: changes of monthly partitions are published as changes of one table.
CREATE PUBLICATION asset_reuse_outbox FOR TABLE :history
	WITH (publish_via_partition_root = true);

-- Everything that commits from here on is kept.  'wal2json' in place of 'pgoutput' gives JSON.
SELECT slot_name FROM pg_create_logical_replication_slot('asset_reuse_outbox', 'pgoutput');
