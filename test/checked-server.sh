# shellcheck shell=bash
#
# checked-server.sh: what test/valgrind and test/sanitize share: the regression tests on a
# private server whose processes a checker watches.  Sourced after private-server.sh by bash
# scripts that have set -euo pipefail; they call prepare, start_server_under,
# run_regression_tests and conclude, in this order.

readonly START_TIMEOUT=300		# seconds

# prepare PROJECT CHECKER FLAGS: builds the extension with some compiler flags, and creates a
# server.  Sets checker, work, build, and kept: where conclude keeps what a failure left.  The
# build has the server's assertions and little optimization, for stacks that can be read.
prepare() {
	checker=$2
	kept=$1/tmp_check/$checker
	work=$(mktemp -d "${TMPDIR:-/tmp}/asset_reuse-$checker.XXXXXX")
	trap 'stop_server "$work/server" || true; rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	chmod 755 "$work"
	build=$work/build
	rm -rf "$kept"

	ensure_software "$checker"
	copy_server "$work/postgresql"
	COPT="-O1 -g -DUSE_ASSERT_CHECKING $3" install_extension "$1" "$build"
	give_to_server_user "$build"
	# start_server creates it, but starts the server's own program.
	start_server "$work/server"
	stop_server "$work/server"
}

# start_server_under COMMAND...: starts the server, with its program run by a command.
start_server_under() {
	cat >"$work/server/postgres" <<-PROGRAM
		#!/bin/sh
		exec nice -n 5 ${*@Q} "$("$PG_CONFIG" --bindir)/postgres" "\$@"
	PROGRAM
	chmod 755 "$work/server/postgres"
	note "starting it again under $checker"
	# Autovacuum's workers would run nothing of ours; workers that build an index write padding to their files,
	# which memcheck reports.
	server_program pg_ctl --pgdata="$work/server/data" --log="$work/server/data/server.log" --wait \
		--timeout="$START_TIMEOUT" -p "$work/server/postgres" -o "-c autovacuum=off -c fsync=off -c max_parallel_maintenance_workers=0" start >/dev/null
}

# run_regression_tests [TEST...]: runs all of them, or those named, and stops the server.
run_regression_tests() {
	note "running the regression tests"
	tests_failed=0
	cd "$work" || return
	as_server_user env PGHOST="$work/server/socket" PGUSER=postgres \
		make -s -C "$build" PG_CONFIG="$PG_CONFIG" ENCODING=UTF8 ISOLATION= TAP_TESTS= ${1:+REGRESS="$*"} installcheck ||
		tests_failed=1
	stop_server "$work/server"
}

# conclude NAME FIRST_LINE: ends with one line that counts the errors on standard input, each of
# which has one line that matches a pattern, and fails if there are any, or if a test failed.
conclude() {
	local errors file

	tee "$work/errors"
	errors=$(grep -cE "$2" "$work/errors" || true)
	if ((tests_failed || errors)); then
		mkdir -p "$kept"
		for file in "$work/server"/{reports,data/server.log} "$build"/{regression.diffs,regression.out,results}; do
			[[ ! -e $file ]] || cp -R "$file" "$kept"
		done
		note "kept what was left in tmp_check/$checker"
	fi
	echo "$1: $errors errors in our code"
	((!tests_failed && errors == 0))
}
