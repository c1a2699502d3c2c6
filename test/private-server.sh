# shellcheck shell=bash
#
# private-server.sh: what test/run and examples/demo/demo share: the software they
# need, a copy of the server to install the extension into, and servers of their
# own.  Sourced by bash scripts that have set -euo pipefail.
#
# Nothing outside of the caller's work folder is changed, but for the packages that
# are installed where some are missing.  Servers listen on a Unix socket only.
# PostgreSQL refuses to run as root, so root runs it as the user postgres; anybody
# else runs it as himself.
#
# PG_CONFIG in the environment chooses the server; otherwise it is the newest one
# of Debian's that is complete here, or PostgreSQL 15 is installed.

readonly OLDEST_VERSION=15
readonly SERVER_USER=postgres

# Settings for another server or another language must not reach ours.
for variable in "${!PG@}"; do
	[[ $variable == PG_CONFIG ]] || unset "$variable"
done
unset variable MAKEFLAGS MFLAGS MAKELEVEL
export LC_ALL=C.UTF-8

# The server's user must be able to read what root makes.
umask 022

note() {
	printf '==> %s\n' "$*"
}

fail() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# as_root COMMAND...: runs a command as root, by sudo if need be.
as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "this needs root, and there is no sudo: $*"
	fi
}

# as_server_user COMMAND...: runs a command as a user whom PostgreSQL accepts.
as_server_user() {
	if [[ $EUID -eq 0 ]]; then
		runuser -u "$SERVER_USER" -- "$@"
	else
		"$@"
	fi
}

# give_to_server_user PATH...: hands files over to the user that runs the server.
give_to_server_user() {
	[[ $EUID -ne 0 ]] || chown -R "$SERVER_USER": "$@"
}

#
# Software
#

# major_version PG_CONFIG: prints the major version of a server.
major_version() {
	"$1" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/'
}

# is_complete PG_CONFIG: whether there is a server that the extension supports,
# with all that building an extension takes.  Debian brings pg_config and PGXS in
# packages without the server's programs or its headers, too.
is_complete() {
	[[ -x $("$1" --bindir)/initdb && -f $("$1" --pgxs) && -f $("$1" --includedir-server)/postgres.h ]] &&
		(($(major_version "$1") >= OLDEST_VERSION))
}

# newest_pg_config: prints the pg_config of Debian's newest complete server, or
# nothing.
newest_pg_config() {
	local candidate
	while read -r candidate; do
		if [[ -x $candidate ]] && is_complete "$candidate"; then
			printf '%s\n' "$candidate"
			return
		fi
	done < <(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -rV)
}

# other_pg_config: prints the pg_config of Debian's oldest complete server of another
# major version than that of PG_CONFIG, or nothing.
other_pg_config() {
	local candidate
	while read -r candidate; do
		if [[ -x $candidate ]] && is_complete "$candidate" &&
			[[ $(major_version "$candidate") != "$(major_version "$PG_CONFIG")" ]]; then
			printf '%s\n' "$candidate"
			return
		fi
	done < <(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -V)
}

# version_to_install: prints the major version that apt offers and suits us: one
# that is here in part, else the oldest we support, else the release's own.
version_to_install() {
	local version
	while read -r version; do
		if [[ -n $(apt-cache madison "postgresql-server-dev-$version") ]] &&
			((version >= OLDEST_VERSION)); then
			printf '%s\n' "$version"
			return
		fi
	done < <(
		printf '%s\n' /usr/lib/postgresql/* | sed -n 's|.*/\([0-9]\{2,\}\)$|\1|p' | sort -rn
		printf '%s\n' "$OLDEST_VERSION"
		apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p'
	)
	fail "apt offers no PostgreSQL $OLDEST_VERSION or later; set PG_CONFIG to that of a server"
}

# apt_get ARGUMENT...: runs apt-get without questions; what it says is shown only
# if it fails.
apt_get() {
	local output
	output=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" 2>&1) || {
		printf '%s\n' "$output" >&2
		fail "apt-get $1 failed"
	}
}

# install_packages PACKAGE...: installs packages, without the server that Debian's
# server packages would set up and start on their first installation.
install_packages() (
	local settings=/etc/postgresql-common/createcluster.conf

	note "installing $* (a minute or two)"
	if [[ " $* " =~ \ postgresql-[0-9] ]]; then
		apt_get install --no-install-recommends postgresql-common
		as_root cp -p "$settings" "$settings.saved"
		trap 'as_root mv "$settings.saved" "$settings"' EXIT
		as_root sed -i '$ a create_main_cluster = false' "$settings"
	fi
	apt_get install --no-install-recommends "$@"
)

# missing_tools build|events|fuzz|lint|sanitize|sqlsmith|test|valgrind: prints the packages that
# are not here and that building takes, or building and the purpose named; one a line.  Events
# are what the demo reads from a list.  Tests lint, fuzz and read such lists, too.  gcc brings
# what sanitize takes.
missing_tools() {
	command -v make >/dev/null || echo make
	command -v gcc >/dev/null || echo gcc
	[[ -f /usr/include/stdio.h ]] || echo libc6-dev
	if [[ $1 == test ]]; then
		command -v prove >/dev/null || echo perl
		perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
	fi
	if [[ $1 == test || $1 == events ]]; then
		[[ -x /usr/bin/python3 ]] || echo python3
	fi
	if [[ $1 == test || $1 == lint ]]; then
		command -v clang-tidy >/dev/null || echo clang-tidy
		command -v cppcheck >/dev/null || echo cppcheck
		command -v shellcheck >/dev/null || echo shellcheck
	fi
	if [[ $1 == valgrind ]]; then
		command -v valgrind >/dev/null || echo valgrind
	fi
	if [[ $1 == test || $1 == fuzz ]]; then
		command -v clang >/dev/null || echo clang
		has_fuzzer || echo libclang-rt-dev
	fi
	if [[ $1 == sqlsmith ]]; then
		command -v sqlsmith >/dev/null || echo sqlsmith
	fi
}

# ensure_partman: sees to it that Debian's server has pg_partman.  Without it, and with
# another server, its test is skipped.
ensure_partman() {
	local package

	package=postgresql-$(major_version "$PG_CONFIG")-partman
	if [[ ! -f $("$PG_CONFIG" --sharedir)/extension/pg_partman.control &&
		$("$PG_CONFIG" --bindir) == /usr/lib/postgresql/* ]]; then
		(apt_get update && install_packages "$package") || note "pg_partman cannot be installed; its test is skipped"
	fi
}

# has_fuzzer: whether clang is here with its libFuzzer.
has_fuzzer() {
	command -v clang >/dev/null &&
		compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.fuzzer*.a" >/dev/null
}

# ensure_software build|events|fuzz|lint|sanitize|sqlsmith|test|valgrind: sees to it that there are a
# server and the tools for the purpose, and sets PG_CONFIG to the server's.
ensure_software() {
	local purpose=$1 packages version

	mapfile -t packages < <(missing_tools "$purpose")
	if [[ -n ${PG_CONFIG:-} ]]; then
		command -v "$PG_CONFIG" >/dev/null || fail "PG_CONFIG is $PG_CONFIG, but there is no such program"
		is_complete "$PG_CONFIG" ||
			fail "the server of PG_CONFIG=$PG_CONFIG is older than $OLDEST_VERSION, or its server programs or development files are missing"
	else
		PG_CONFIG=$(newest_pg_config)
	fi

	if [[ -z $PG_CONFIG || ${#packages[@]} -gt 0 ]]; then
		command -v apt-get >/dev/null ||
			fail "there is no apt-get here: install a C compiler, make, Perl with IPC::Run, Python 3 and PostgreSQL with its development files, and set PG_CONFIG"
		note "updating the list of packages"
		apt_get update
		if [[ -z $PG_CONFIG ]]; then
			version=$(version_to_install)
			packages+=("postgresql-$version" "postgresql-server-dev-$version")
		fi
		install_packages "${packages[@]}"
		PG_CONFIG=${PG_CONFIG:-$(newest_pg_config)}
	fi

	if [[ $EUID -eq 0 ]] && ! id "$SERVER_USER" >/dev/null 2>&1; then
		fail "there is no user $SERVER_USER, whom root needs to run a server"
	fi
	[[ $purpose != test ]] || ensure_partman
	note "using $("$PG_CONFIG" --version)"
}

#
# The server's copy and the extension
#

# copy_server FOLDER: copies the server of PG_CONFIG into a folder, each directory at
# its own absolute path below it, and sets PG_CONFIG to the copy's.  PostgreSQL
# finds its other directories relative to its programs, so the copy uses, and installs
# extensions into, nothing but itself.
copy_server() {
	local folder=$1 pg_config=$PG_CONFIG directory
	PG_CONFIG=$folder$("$pg_config" --bindir)/pg_config

	[[ ! -d $folder ]] || return 0
	rm -rf "$folder.part"
	for directory in --bindir --pkglibdir --sharedir; do
		directory=$("$pg_config" $directory)
		mkdir -p "$folder.part$directory"
		cp -a "$directory/." "$folder.part$directory"
	done
	for directory in --includedir --libdir; do
		directory=$("$pg_config" $directory)
		if [[ ! -e $folder.part$directory ]]; then
			mkdir -p "$(dirname "$folder.part$directory")"
			ln -s "$directory" "$folder.part$directory"
		fi
	done
	mv "$folder.part" "$folder"
}

# install_extension PROJECT FOLDER: builds the extension in a copy of the project, and
# installs it into the server of PG_CONFIG.  COPT in the environment adds compiler
# flags.  Code for the server's own compiler (LLVM) is left out: nothing here needs it.
install_extension() {
	local project=$1 folder=$2

	note "building the extension${COPT:+ with $COPT}"
	rm -rf "$folder"
	mkdir -p "$folder"
	tar -C "$project" --exclude-vcs --exclude='*.o' --exclude='*.bc' --exclude='*.so' \
		--exclude=./tmp_check --exclude=./results --exclude=./output_iso -cf - . | tar -C "$folder" -xf -
	make -s -C "$folder" PG_CONFIG="$PG_CONFIG" with_llvm=no all
	make -s -C "$folder" PG_CONFIG="$PG_CONFIG" with_llvm=no install >/dev/null
}

#
# A server
#

# server_program NAME ARGUMENT...: runs a program of the server of PG_CONFIG.
server_program() {
	local name=$1
	shift
	as_server_user "$("$PG_CONFIG" --bindir)/$name" "$@"
}

# start_server FOLDER: starts a server that lives in FOLDER/data and listens in
# FOLDER/socket, with a superuser postgres; creates it first if it is not there.
start_server() {
	local folder=$1

	# The system's limit is 107 bytes for the whole of the socket's name.
	((${#folder} < 80)) || fail "the name of the folder $folder is too long for a socket; set TMPDIR to a shorter one"

	if [[ ! -f $folder/data/PG_VERSION ]]; then
		mkdir -p "$folder/data" "$folder/socket"
		give_to_server_user "$folder/data" "$folder/socket"
		server_program initdb --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 \
			--no-sync >/dev/null
		# Whoever can open the socket is a superuser, so only its owner can.
		as_server_user tee -a "$folder/data/postgresql.conf" >/dev/null <<-SETTINGS
			listen_addresses = ''
			unix_socket_directories = '$folder/socket'
			unix_socket_permissions = 0700
		SETTINGS
	fi

	if ! server_program pg_ctl --pgdata="$folder/data" status >/dev/null; then
		note "starting a private server in $folder"
		server_program pg_ctl --pgdata="$folder/data" --log="$folder/data/server.log" --wait start >/dev/null || {
			tail -n 20 "$folder/data/server.log" >&2
			fail "the server in $folder does not start"
		}
	fi
}

# stop_server FOLDER: stops the server that start_server started, if it runs.
stop_server() {
	local folder=$1

	if server_program pg_ctl --pgdata="$folder/data" status >/dev/null 2>&1; then
		server_program pg_ctl --pgdata="$folder/data" --mode=fast --wait stop >/dev/null
	fi
}
