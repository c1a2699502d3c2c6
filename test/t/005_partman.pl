# With pg_partman in the database, a history table by month gets its partitions from it,
# and drops them and what pg_partman knows of the table.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 1');
$node->start;
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_partman'") eq '0')
{
	$node->stop;
	plan skip_all => 'pg_partman is not installed';
}

# The tables are those of a role without any right on pg_partman.
$node->safe_psql('postgres', qq(
	CREATE ROLE app;
	CREATE ROLE other;
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_partman SCHEMA partman;
	CREATE EXTENSION asset_reuse;
	CREATE SCHEMA market AUTHORIZATION app;
	ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO other;
	ALTER DATABASE postgres SET search_path = market, public;
	SET ROLE app;
	SET search_path = market;
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'));

my $create = q(SELECT asset_reuse_create_history_table('month'));
my $drop = q(SELECT asset_reuse_drop_history_table());
my $left = q(SELECT (SELECT count(*) FROM partman.part_config), (SELECT count(*) FROM pg_class WHERE relname ~ 'reuse_history'));
my $partitions = q(SELECT count(*) FROM pg_inherits WHERE inhparent = 'campaign_asset_reuse_history'::regclass);

# Whoever calls, it is the owner who needs rights on pg_partman.
foreach my $role ('app', 'postgres')
{
	my ($status, $out, $err) = $node->psql('postgres', "SET ROLE $role; SET search_path = market, public; $create");
	like($err, qr/permission denied for schema partman/, "$role: the owner needs rights on pg_partman");
}
is($node->safe_psql('postgres', $left), '0|0', 'then nothing is created');
$node->safe_psql('postgres', q(
	GRANT USAGE, CREATE ON SCHEMA partman TO app;
	GRANT ALL ON ALL TABLES IN SCHEMA partman TO app));

is($node->safe_psql('postgres', "SET search_path = public, market; $create; SHOW search_path"),
	"market.campaign_asset_reuse_history\npublic, market", 'created by a superuser, whose search_path stays');
is($node->safe_psql('postgres', q(
		SELECT count(*) > 4, bool_and(c.relowner = 'app'::regrole),
			bool_and(NOT has_table_privilege('other', c.oid, 'SELECT')), count(*) FILTER (WHERE pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT')
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'campaign_asset_reuse_history'::regclass)),
	't|t|t|1', 'several months and a default, the owner\'s, for nobody else');

# This month and the third from now have partitions; what is long ago, or without a time, is in the default one.
is($node->safe_psql('postgres', q(
		INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at)
		SELECT 'acme', 'hero', at FROM (VALUES (localtimestamp), (localtimestamp + interval '3 months'), ('2020-01-01'), ('-infinity')) v (at);
		SELECT tableoid::regclass::text ~ '_default$' FROM campaign_asset_reuse_history ORDER BY reused_at)),
	"t\nt\nf\nf", 'partitions are ahead');

# Maintenance keeps them ahead.
my $before = $node->safe_psql('postgres', $partitions);
$node->safe_psql('postgres', q(
	UPDATE partman.part_config SET premake = premake + 3;
	SELECT partman.run_maintenance('market.campaign_asset_reuse_history')));
cmp_ok($node->safe_psql('postgres', $partitions), '>', $before, 'maintenance adds partitions');

# One event of the far future, which software of a tenant's can write, has no months made until then.
$before = $node->safe_psql('postgres', $partitions);
$node->safe_psql('postgres', q(
	INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES ('acme', 'hero', localtimestamp + interval '30 years');
	SELECT partman.run_maintenance('market.campaign_asset_reuse_history');
	DELETE FROM campaign_asset_reuse_history WHERE reused_at > localtimestamp + interval '20 years'));
is($node->safe_psql('postgres', $partitions), $before, 'an event of the far future adds no partitions');

# The owner may drop the table, with the right to make pg_partman forget it.
$node->safe_psql('postgres', 'REVOKE USAGE ON SCHEMA partman FROM app');
my ($status, $out, $err) = $node->psql('postgres', "SET ROLE app; $drop");
like($err, qr/permission denied for schema partman/, 'the owner needs rights on pg_partman to drop as well');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA partman TO app');

# Another user of pg_partman cannot keep all who use the assets waiting.
$node->safe_psql('postgres', q(BEGIN; UPDATE partman.part_config SET premake = premake; PREPARE TRANSACTION 'other'));
($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET statement_timeout = '120s'; $drop");
like($err, qr/55P03/, 'the wait for another user of pg_partman ends');
$node->safe_psql('postgres', q(ROLLBACK PREPARED 'other'));

is($node->safe_psql('postgres', $drop), '4', 'all events are put back');
is($node->safe_psql('postgres', $left), '0|0', 'nothing is left of the table, and nothing with pg_partman');

is($node->safe_psql('postgres', "SET ROLE app; $create; $drop"), "market.campaign_asset_reuse_history\n0", 'the owner with rights on pg_partman');
is($node->safe_psql('postgres', $left), '0|0', 'nothing is left');

# Months begin in UTC, whatever the time zone of the session, and are made without an event in those there are.
is($node->safe_psql('postgres', qq(
		SET client_min_messages = warning;
		SET TimeZone = 'Europe/Berlin';
		ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamptz USING last_reused_at AT TIME ZONE 'UTC';
		$create;
		SHOW TimeZone;
		SET TimeZone = 'UTC';
		SELECT count(*) > 4, bool_and(pg_get_expr(relpartbound, oid) ~ '^FOR VALUES FROM .*-01 00:00:00\\+00.*-01 00:00:00\\+00')
		FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ 'reuse_history_p')),
	"market.campaign_asset_reuse_history\nEurope/Berlin\nt|t", 'months of UTC');
$before = $node->safe_psql('postgres', $partitions);
$node->safe_psql('postgres', q(
	UPDATE partman.part_config SET premake = premake + 3;
	SELECT partman.run_maintenance('market.campaign_asset_reuse_history')));
cmp_ok($node->safe_psql('postgres', $partitions), '>', $before, 'maintenance adds partitions to those that are empty');
is($node->safe_psql('postgres', qq(
		$drop;
		ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp USING last_reused_at AT TIME ZONE 'UTC')), '0', 'and dropped');

# A template that is not pg_partman's own stays.
$node->safe_psql('postgres', qq(
	$create;
	CREATE TABLE own_template (LIKE campaign_asset_reuse_history);
	UPDATE partman.part_config SET template_table = 'market.own_template';
	$drop));
is($node->safe_psql('postgres', q(SELECT to_regclass('own_template'))), 'own_template', 'a template of one\'s own stays');

# Names that need quotes.
$node->safe_psql('postgres', qq(
	SET asset_reuse.history_table = '"Reuse Log"';
	$create;
	INSERT INTO "Reuse Log" VALUES ('acme', 'hero', localtimestamp)));
is($node->safe_psql('postgres', q(SELECT count(*) FROM ONLY "Reuse Log_default")), '0', 'a name that needs quotes');
is($node->safe_psql('postgres', qq(SET asset_reuse.history_table = '"Reuse Log"'; $drop)), '1', 'and dropped');

# An extension of somebody who has not the owner's rights runs none of its code for him: one partition for all.
$node->safe_psql('postgres', q(
	CREATE ROLE keeper;
	UPDATE pg_extension SET extowner = 'keeper'::regrole WHERE extname = 'pg_partman';
	ALTER FUNCTION partman.create_parent OWNER TO keeper));
is($node->safe_psql('postgres', "$create; $partitions; SELECT count(*) FROM partman.part_config"), "market.campaign_asset_reuse_history\n1\n0",
	'pg_partman of another role is not used');
is($node->safe_psql('postgres', $drop), '0', 'nor to drop the table');
is($node->safe_psql('postgres', "GRANT app TO keeper; $create; $partitions") =~ s/^\D+//r > 1, 1, 'that of one who has the owner\'s rights is');

# Whoever may create triggers on pg_partman's table, which GRANT ALL includes, gets no rights by that.
my $trigger = q(CREATE TRIGGER heard BEFORE INSERT OR DELETE ON partman.part_config FOR EACH ROW EXECUTE FUNCTION public.heard());
$node->safe_psql('postgres', qq(
	REASSIGN OWNED BY keeper TO postgres;
	UPDATE pg_extension SET extowner = 'postgres'::regrole WHERE extname = 'pg_partman';
	$drop;
	CREATE TABLE public.ran (who text);
	GRANT INSERT ON public.ran TO PUBLIC;
	CREATE FUNCTION public.heard() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN INSERT INTO public.ran VALUES (current_user); RETURN coalesce(NEW, OLD); END\$\$;
	ALTER FUNCTION public.heard() OWNER TO other;
	GRANT ALL ON ALL TABLES IN SCHEMA partman TO other;
	$trigger));
($status, $out, $err) = $node->psql('postgres', $create);
like($err, qr/part_config" has a trigger of role other/, 'create runs no trigger of somebody else\'s');
is($node->safe_psql('postgres', "DROP TRIGGER heard ON partman.part_config; $create; $trigger; SELECT count(*) FROM public.ran"),
	"market.campaign_asset_reuse_history\n0", 'created without it');
($status, $out, $err) = $node->psql('postgres', $drop);
like($err, qr/part_config" has a trigger of role other/, 'nor does drop');
is($node->safe_psql('postgres', "ALTER FUNCTION public.heard() OWNER TO postgres; $drop; SELECT string_agg(who, ' ') FROM public.ran; DROP TRIGGER heard ON partman.part_config; $create"),
	"0\napp\nmarket.campaign_asset_reuse_history", 'one of a role that has the owner\'s rights does run');

# To create partitions can run functions of the owner's, from indexes of both tables: never with the caller's rights.
$node->safe_psql('postgres', q(
	CREATE ROLE sly;
	CREATE SCHEMA sly AUTHORIZATION sly;
	CREATE TABLE public.ran_as (who text);
	GRANT INSERT ON public.ran_as TO sly;
	GRANT USAGE, CREATE ON SCHEMA partman TO sly;
	GRANT ALL ON ALL TABLES IN SCHEMA partman TO sly;
	SET ROLE sly;
	SET search_path = sly;
	\\i 'FIXTURES/application_tables.sql'
	CREATE FUNCTION tell() RETURNS void LANGUAGE sql AS $$INSERT INTO public.ran_as VALUES (current_user)$$;
	CREATE FUNCTION told() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM sly.tell(); RETURN true; END$$;
	CREATE FUNCTION plant() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF to_regclass('sly.campaign_asset_reuse_history') IS NOT NULL AND to_regclass('sly.planted') IS NULL THEN
			CREATE INDEX planted ON ONLY sly.campaign_asset_reuse_history (seq) WHERE sly.told();
		END IF;
	END
	$$;
	CREATE FUNCTION planted() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM sly.plant(); RETURN true; END$$;
	CREATE INDEX ON campaign_assets (tenant_id, id) WHERE planted();
	CREATE INDEX ON campaign_assets (id) WHERE told();) =~ s/FIXTURES/$FindBin::RealBin\/..\/fixtures/r);
is($node->safe_psql('postgres', "SET search_path = sly, public; $create; SELECT ($partitions) > 1, count(*) > 0, count(*) FILTER (WHERE who <> 'sly') FROM public.ran_as"),
	"sly.campaign_asset_reuse_history\nt|t|0", 'the owner\'s functions run with the owner\'s rights');

$node->stop;
done_testing();
