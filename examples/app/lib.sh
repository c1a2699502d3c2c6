# shellcheck shell=bash
#
# lib.sh: what app and test share: the software, the sample database, the API's process.
# Sourced by bash scripts that have set -euo pipefail, and have sourced test/private-server.sh.

readonly DATABASE=app
readonly PATIENCE=30			# seconds until the API must answer

# app_psql FOLDER DATABASE ARGUMENT...: runs psql as a superuser on the server in a folder.
app_psql() {
	as_server_user "$("$PG_CONFIG" --bindir)/psql" -X -q --host="$1/socket" --username=postgres --dbname="$2" \
		--set=ON_ERROR_STOP=1 "${@:3}"
}

# set_up_server PROJECT FOLDER: sees to it that a server runs in a folder, with the extension as it
# is in the project now.
set_up_server() {
	local project=$1 folder=$2 built

	copy_server "$folder/server"
	ln -sfn "$PG_CONFIG" "$folder/pg_config"
	built=$(cd "$project" && cat Makefile ./*.control src/*.[ch] sql/* <(echo "$PG_CONFIG ${COPT:-}") | sha256sum)
	if [[ $built != "$(cat "$folder/built" 2>/dev/null)" ]]; then
		install_extension "$project" "$folder/build"
		echo "$built" >"$folder/built"
	fi
	cd "$folder" || return		# the server's user may not be allowed to be where we are
	start_server "$folder"
}

# sample_script PROJECT: prints the SQL that makes the database with the sample tenants.
sample_script() {
	local project=$1

	cat "$project"/*.control "$project"/sql/* | sha256sum | sed 's/^/-- the extension: /'
	cat "$project/test/fixtures/application_tables.sql" "$project/test/fixtures/golden_tenant.sql" \
		"$project/examples/demo/origins.sql" - "$project/examples/app/schema.sql" <<-SQL
			UPDATE campaign_spaces SET deleted_at = '2026-01-15 12:00' WHERE id = 'holiday-gifts-2025-awareness';
			CREATE EXTENSION asset_reuse;
			ANALYZE;
		SQL
}

# check_sample PROJECT FOLDER: fails if other files than the project's have made the database.
check_sample() {
	[[ ! -e $2/sample.sql || $(sample_script "$1") == "$(cat "$2/sample.sql")" ]] ||
		fail "the files that made the sample database have changed: run make app-stop, which removes it with all that you have stored, and make app again"
}

# create_sample PROJECT FOLDER: creates the database, if there is none.
create_sample() {
	local project=$1 folder=$2 script

	if [[ -e $folder/sample.sql ]]; then return; fi
	script=$(sample_script "$project")
	note "creating the application's tables, sample tenants and the extension"
	app_psql "$folder" postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)" -c "DROP ROLE IF EXISTS app_api" -c "CREATE DATABASE $DATABASE"
	# By standard input: the server's user may not be allowed to read the project.
	app_psql "$folder" "$DATABASE" -f - <<<"$script" >/dev/null
	echo "$script" >"$folder/sample.sql"
}

# copy_app PROJECT FOLDER: copies the API and the built pages to where the server's user can read them.
copy_app() {
	local app=$1/examples/app copy=$2/project/examples

	rm -rf "$copy.part"
	mkdir -p "$copy.part/app/web"
	cp "$1/examples/openapi.yaml" "$copy.part"
	cp -R "$app/api" "$copy.part/app"
	[[ ! -d $app/web/dist ]] || cp -R "$app/web/dist" "$copy.part/app/web"
	chmod -R a+rX "$copy.part"
	rm -rf "$copy"
	mv "$copy.part" "$copy"
}

# in_api FOLDER COMMAND...: runs a command as the API is run: as the server's user, with the
# server's address and the secret that signs tokens.
in_api() {
	as_server_user env --chdir="$1/project/examples/app" PYTHONDONTWRITEBYTECODE=1 PGHOST="$1/socket" PGPORT=5432 \
		PGDATABASE="$DATABASE" APP_SECRET_FILE="$1/api/secret" "${@:2}"
}

# make_secret FOLDER: makes the secret, if it is not there, for the server's user only.
make_secret() {
	[[ ! -s $1/api/secret ]] || return 0
	mkdir -p "$1/api"
	give_to_server_user "$1/api"
	# shellcheck disable=SC2016
	as_server_user bash -c 'umask 077 && head -c 32 /dev/urandom >"$1"' secret "$1/api/secret"
}

# token FOLDER TENANT: prints a token for a tenant.
token() {
	in_api "$1" /usr/bin/python3 -m api.auth "$2"
}

# answers PORT: whether an API answers on a port.
answers() {
	/usr/bin/python3 -c 'import sys, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/api/health", timeout=2)' "$1" 2>/dev/null
}

# is_ours PORT: whether the user that runs the API, and nobody else, listens on a port.
is_ours() {
	local users

	users=$(awk -v address="$(printf '0100007F:%04X' "$1")" '$2 == address && $4 == "0A" { print $8 }' /proc/net/tcp | sort -u)
	[[ $users == "$(as_server_user id -u)" ]]
}

# port_is_free PORT: whether nobody listens there.
port_is_free() {
	! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# api_pid FOLDER: prints the process that start_api started, if it runs.
api_pid() {
	local pid

	pid=$(cat "$1/api/pid" 2>/dev/null) || return 0
	# the file belongs to the server's user, and may have anything in it
	[[ $pid =~ ^[1-9][0-9]*$ ]] || return 0
	! tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q 'api.main:app' || echo "$pid"
}

# start_api FOLDER PORT: starts the API, and waits until it answers or has ended.
start_api() {
	local folder=$1 port=$2 i

	as_server_user rm -f "$folder/api/pid"

	# shellcheck disable=SC2016
	in_api "$folder" setsid bash -c 'echo $$ >"$1/pid"; umask 077; exec /usr/bin/python3 -m uvicorn --host 127.0.0.1 --port "$2" \
		--no-access-log --log-level warning api.main:app >>"$1/log" 2>&1' api "$folder/api" "$port" </dev/null >/dev/null 2>&1 &
	for ((i = 0; i < PATIENCE * 5; i++)); do
		sleep 0.2
		[[ ! -s $folder/api/pid || -n $(api_pid "$folder") ]] || break
		# somebody else may have taken the port since it was free
		if is_ours "$port" && answers "$port"; then return; fi
	done
	as_server_user tail -n 20 "$folder/api/log" >&2
	fail "the API does not answer on port $port"
}

# stop_api FOLDER: stops the API, if it runs.  A second signal ends what streams to a client.
stop_api() {
	local pid signal

	for signal in TERM INT KILL; do
		pid=$(api_pid "$1")
		[[ -n $pid ]] || return 0
		as_server_user kill "-$signal" "$pid" 2>/dev/null || true
		for _ in {1..15}; do
			[[ -n $(api_pid "$1") ]] || return 0
			sleep 0.2
		done
	done
}
