# shellcheck shell=bash
#
# citus-nodes.sh: three nodes with Citus, a coordinator and two workers, and the tables on them: what
# test/citus and bench/citus share.  Sourced after private-server.sh.

readonly TENANT_ROLE=reuse_tenant		# who sees one tenant
readonly TENANT=aaaaaaaa-0000-4000-8000-000000000001

# need_citus WHAT: ends, and says so, where the server of PG_CONFIG has no Citus.
need_citus() {
	if [[ ! -f $("$PG_CONFIG" --sharedir)/extension/citus.control ]]; then
		note "$PG_CONFIG has no Citus; $1 is skipped"
		exit 0
	fi
}

# make_nodes PROJECT: makes and starts the nodes, in a folder that is removed in the end.
make_nodes() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/reuse-citus.XXXXXX")
	trap 'stop_nodes; [[ -n ${KEEP:-} ]] || rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	chmod 755 "$work"
	user=postgres
	copy_server "$work/server"
	install_extension "$1" "$work/build"
	start_nodes
}

# sql NODE ARGUMENT...: runs psql in the database of a node.
sql() {
	local node=$1
	shift
	server_program psql -XAtq --host="$work/$node/socket" --username="$user" "$@"
}

# start_nodes: starts the nodes 0, the coordinator, 1 and 2, each in a folder of its own.
#
# Citus plans each statement anew.  Unless the C library keeps the memory for that, it gives it back to the kernel
# and gets it anew each time, which can take longer than all else (doc/scale.md).
start_nodes() {
	local node

	export MALLOC_TOP_PAD_=16777216 MALLOC_TRIM_THRESHOLD_=67108864
	for node in 0 1 2; do
		mkdir -p "$work/$node"
		start_server "$work/$node"
		stop_server "$work/$node"
		as_server_user tee -a "$work/$node/data/postgresql.conf" >/dev/null <<-SETTINGS
			shared_preload_libraries = 'citus'
			wal_level = logical
			max_worker_processes = 40
			max_prepared_transactions = 100
			max_wal_senders = 20
			max_replication_slots = 20
			fsync = off
			citus.shard_count = 4
			citus.node_conninfo = 'sslmode=disable'
			citus.local_hostname = '$work/$node/socket'
		SETTINGS
		start_server "$work/$node"
		sql "$node" --dbname=postgres --command="CREATE ROLE $TENANT_ROLE LOGIN" \
			--command="ALTER ROLE $TENANT_ROLE SET app.tenant_id = '$TENANT'"
	done
}

stop_nodes() {
	local node

	for node in 2 1 0; do
		stop_server "$work/$node"
	done
}

# make_database NAME [yes]: creates a database, and with yes on all nodes, as one of Citus.
make_database() {
	local name=$1 node nodes='0'

	[[ -z ${2:-} ]] || nodes='0 1 2'
	for node in $nodes; do
		sql "$node" --dbname=postgres --command="CREATE DATABASE $name"
		sql "$node" --dbname="$name" --command="ALTER DATABASE $name SET timezone = 'UTC'"
		[[ -z ${2:-} ]] || sql "$node" --dbname="$name" --command='CREATE EXTENSION citus'
	done
	[[ -z ${2:-} ]] || sql 0 --dbname="$name" --set=ON_ERROR_STOP=1 >/dev/null <<-SQL
		SELECT citus_set_coordinator_host('$work/0/socket', 5432);
		SELECT citus_add_node('$work/1/socket', 5432), citus_add_node('$work/2/socket', 5432);
	SQL
	sql 0 --dbname="$name" --set=ON_ERROR_STOP=1 --command='CREATE EXTENSION asset_reuse'
}

# make_tables DATABASE LAYOUT TYPES: creates the tables in the schema app.
make_tables() {
	local database=$1 layout=$2 id='varchar(36)' time='timestamp(3)'

	if [[ $3 == uuid ]]; then
		id=uuid
		time=timestamp
	elif [[ $3 == rls ]]; then
		time=timestamptz
	fi
	{
		echo 'CREATE SCHEMA app; SET search_path = app, public;'
		cat "$(dirname "${BASH_SOURCE[0]}")/fixtures/citus_tables.sql"
		case $layout in
			schema) echo "SELECT citus_schema_distribute('app');" ;;
			tenant)
				echo "SELECT create_distributed_table('campaign_spaces', 'tenant_id');"
				echo "SELECT create_distributed_table('campaign_assets', 'tenant_id', colocate_with => 'campaign_spaces');"
				;;
		esac
		[[ $3 != rls ]] || cat <<-SQL
			GRANT USAGE ON SCHEMA app TO $TENANT_ROLE;
			GRANT SELECT ON campaign_spaces TO $TENANT_ROLE;
			GRANT SELECT, UPDATE ON campaign_assets TO $TENANT_ROLE;
			ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
			CREATE POLICY own ON campaign_assets TO $TENANT_ROLE USING (tenant_id = current_setting('app.tenant_id', true));
		SQL
	} | sql 0 --dbname="$database" --set=ON_ERROR_STOP=1 --set=id="$id" --set=time="$time" >/dev/null 2>"$work/tables.log" || {
		cat "$work/tables.log" >&2
		fail "the tables cannot be made"
	}
}

# delegate DATABASE: has Citus run the functions with a tenant as a whole where his rows are.  There
# they find the tables by the settings, because the caller's search_path stays behind.
delegate() {
	local node

	for node in 0 1 2; do
		sql "$node" --dbname="$1" --set=ON_ERROR_STOP=1 <<-SQL
			SET citus.enable_ddl_propagation = off;
			ALTER DATABASE $1 SET asset_reuse.assets_table = 'app.campaign_assets';
			ALTER DATABASE $1 SET asset_reuse.spaces_table = 'app.campaign_spaces';
		SQL
	done
	sql 0 --dbname="$1" --set=ON_ERROR_STOP=1 >/dev/null <<-'SQL'
		SELECT create_distributed_function(p.oid::regprocedure, 'tenant_id', colocate_with => 'app.campaign_assets')
		FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'asset_reuse'
		JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'c'
		WHERE p.prokind = 'f' AND 'tenant_id' = ANY (p.proargnames) AND p.proname <> 'asset_reuse_event_rows';
	SQL
}
