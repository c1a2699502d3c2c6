# shellcheck shell=bash
#
# private-server.sh: what test/run and examples/demo/demo share: the software they
# need, a copy of the server to install the extension into, and servers of their
# own.  Sourced by bash scripts that have set -euo pipefail.
#
# Nothing outside of the caller's work folder is changed, but for the packages that
# are installed where some are missing; with INSTALL=no, that is an error which names them.
# Servers listen on a Unix socket only.
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

# A relative one would be another folder after each cd.
[[ -z ${TMPDIR:-} ]] || TMPDIR=$(realpath --canonicalize-missing "$TMPDIR")

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

# versions_here: prints the major versions of which Debian's packages have brought something,
# those with a server first, the newest first of each.
versions_here() {
	local program

	for program in initdb pg_config; do
		printf '%s\n' /usr/lib/postgresql/*/bin/"$program" | sort -rV
	done | awk -F/ -v oldest="$OLDEST_VERSION" '$5 >= oldest + 0 && $5 != "*" && !seen[$5]++ { print $5 }'
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
		versions_here
		printf '%s\n' "$OLDEST_VERSION"
		apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p'
	)
	fail "apt offers no PostgreSQL $OLDEST_VERSION or later; set PG_CONFIG to that of a server"
}

#
# Installing: packages are passed on as "PACKAGE: what it is for"
#

# obstacle: prints what keeps us from installing packages, or nothing.
obstacle() {
	if [[ ${INSTALL:-yes} == no ]]; then
		echo "INSTALL=no"
	elif [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
		echo "this takes root, and there is no sudo"
	elif ! as_root true >/dev/null; then
		echo "this takes root, and sudo refuses"
	fi
}

# prepare_installation PACKAGE...: fails, with what to do, if these packages cannot be
# installed from here; otherwise gets the list of what apt offers.
prepare_installation() {
	local obstacle

	command -v apt-get >/dev/null ||
		fail "there is no apt-get here: install a C compiler, make, Perl with IPC::Run and PostgreSQL with its development files, and set PG_CONFIG"
	obstacle=$(obstacle)
	[[ -z $obstacle ]] || fail "packages are missing ($obstacle):
$(printf '    %s\n' "$@")
Let root install them:
    apt-get install --no-install-recommends ${*%%:*}"
	note "packages are missing: updating the list of what apt offers"
	apt_get update
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
# server packages would set up and start on their first installation.  No server that is
# here is upgraded, which would restart its clusters: neither because it is named, nor,
# as apt does by itself, because libpq, of the same source package, is upgraded.
install_packages() (
	local settings=/etc/postgresql-common/createcluster.conf packages=("${@%%:*}")
	local install=(install --no-install-recommends --no-upgrade -o APT::Get::Upgrade-By-Source-Package=false)

	note "installing with apt-get (a minute or two):"
	printf '    %s\n' "$@"
	if [[ " ${packages[*]} " =~ \ postgresql-[0-9] ]]; then
		apt_get "${install[@]}" postgresql-common
		as_root cp -p "$settings" "$settings.saved"
		trap 'as_root mv "$settings.saved" "$settings"' EXIT
		as_root sed -i '$ a create_main_cluster = false' "$settings"
	fi
	apt_get "${install[@]}" "${packages[@]}"
)

# install_missing PACKAGE...: installs packages, if any are named.
install_missing() {
	(($# > 0)) || return 0
	prepare_installation "$@"
	install_packages "$@"
}

# missing_tools PURPOSE...: prints the packages that are not here and that building takes, or
# building and the purposes named: those that ensure_software knows.
missing_tools() {
	local purpose module

	command -v make >/dev/null || echo "make: to build the extension"
	command -v gcc >/dev/null || echo "gcc: to build the extension"
	[[ -f /usr/include/stdio.h ]] || echo "libc6-dev: to build the extension"
	for purpose; do
		case $purpose in
			tap)
				command -v prove >/dev/null || echo "perl: to run the TAP tests"
				perl -MIPC::Run -e 1 2>/dev/null || echo "libipc-run-perl: to run the TAP tests"
				[[ -x /usr/bin/python3 ]] || echo "python3: to read lists of events"
				has_python_module jsonschema || echo "python3-jsonschema: to check answers against examples/openapi.yaml"
				has_python_module yaml || echo "python3-yaml: to check answers against examples/openapi.yaml"
				;;
			events)
				[[ -x /usr/bin/python3 ]] || echo "python3: to read the list of events"
				;;
			app)
				for module in fastapi uvicorn psycopg psycopg_pool yaml; do
					has_python_module "$module" || echo "python3-${module/_/-}: to run the application's API"
				done
				;;
			app-tests)
				has_python_module pytest || echo "python3-pytest: to test the application's API"
				has_python_module jsonschema || echo "python3-jsonschema: to test the application's API"
				has_python_module httpx || echo "python3-httpx: to test the application's API"
				;;
			lint)
				command -v clang-tidy >/dev/null || echo "clang-tidy: to check the C code"
				command -v cppcheck >/dev/null || echo "cppcheck: to check the C code"
				command -v shellcheck >/dev/null || echo "shellcheck: to check the scripts"
				command -v flake8 >/dev/null || echo "flake8: to check the Python programs"
				;;
			fuzz)
				command -v clang >/dev/null || echo "clang: to build the fuzzer"
				has_fuzzer || echo "libclang-rt-dev: to build the fuzzer"
				;;
			clients)
				missing_drivers
				;;
			sqlsmith | valgrind)
				command -v "$purpose" >/dev/null || echo "$purpose: to test with"
				;;
		esac
	done
}

# missing_drivers: prints the packages of drivers that are not here and that the example clients
# take: Python's, and where there is a JDK, Java's.
missing_drivers() {
	local module

	for module in psycopg psycopg2 asyncpg sqlalchemy greenlet django; do
		[[ -d /usr/lib/python3/dist-packages/$module ]] || echo "python3-$module: to run the example clients"
	done
	if command -v javac >/dev/null; then
		[[ -f /usr/share/java/postgresql.jar ]] || echo "libpostgresql-jdbc-java: to run the example clients"
		[[ -f /usr/share/java/junixsocket-common.jar ]] || echo "libjunixsocket-java: to run the example clients"
		compgen -G '/usr/lib/*/jni/libjunixsocket*.so' >/dev/null || echo "libjunixsocket-jni: to run the example clients"
	fi
}

# missing_server [VERSION]: prints the packages of a version of Debian's server that are
# not here; without a version, those of the release's own.
missing_server() {
	local version=${1:-}

	[[ -x /usr/lib/postgresql/$version/bin/initdb ]] ||
		echo "postgresql${version:+-$version}: to run private servers"
	[[ -f /usr/include/postgresql/$version/server/postgres.h ]] ||
		echo "postgresql-server-dev-${version:-all}: to build the extension"
}

# ensure_extension NAME PACKAGE TITLE: sees to it that Debian's server has an extension, from the
# package postgresql-VERSION-PACKAGE.  Without it, and with another server, its test is skipped.
ensure_extension() {
	local package obstacle

	package=postgresql-$(major_version "$PG_CONFIG")-$2
	if [[ ! -f $("$PG_CONFIG" --sharedir)/extension/$1.control &&
		$("$PG_CONFIG" --bindir) == /usr/lib/postgresql/* ]]; then
		obstacle=$(obstacle)
		if [[ -n $obstacle ]]; then
			note "$package is not installed ($obstacle); the test with $3 is skipped"
		else
			(install_missing "$package: to test with $3") ||
				note "$package cannot be installed; the test with $3 is skipped"
		fi
	fi
}

# has_python_module NAME: whether Debian's Python is here with a module.
has_python_module() {
	[[ -x /usr/bin/python3 ]] && /usr/bin/python3 -c "import $1" 2>/dev/null
}

# unpack PACKAGE FOLDER: unpacks a package in a folder, without installing it.
unpack() (
	cd "$2" &&
		{ apt-get -q download "$1" || { apt_get update && apt-get -q download "$1"; }; } &&
		dpkg-deb -x "$1"_*.deb .
)

# ensure_pgbouncer FOLDER: sees to it that there is a pgbouncer.  Debian's package would set up
# and start a service, so it is not installed but unpacked in a folder.  Where that cannot be
# done, the test with it is skipped.
ensure_pgbouncer() {
	local folder=$1 program=$1/usr/sbin/pgbouncer libraries

	[[ ! -x /usr/sbin/pgbouncer ]] || return 0
	mkdir -p "$folder"
	if [[ -z $(obstacle) ]] && unpack pgbouncer "$folder" >/dev/null 2>&1; then
		if ldd "$program" | grep -q 'not found'; then
			mapfile -t libraries < <(apt-cache depends pgbouncer | sed -n 's/^ *Depends: \(lib.*\)/\1: to test with pgbouncer/p')
			(install_packages "${libraries[@]}") || true
		fi
		ldd "$program" | grep -q 'not found' || export PATH=$folder/usr/sbin:$PATH
	fi
	command -v pgbouncer >/dev/null || note "there is no pgbouncer; the test with it is skipped"
}

# has_fuzzer: whether clang is here with its libFuzzer.
has_fuzzer() {
	command -v clang >/dev/null &&
		compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.fuzzer*.a" >/dev/null
}

# ensure_software PURPOSE...: sees to it that there are a server and the tools for the
# purposes, and sets PG_CONFIG to the server's.  A purpose is a suite of test/run, events for
# the demo's lists, app and app-tests for the example application, sanitize, sqlsmith, valgrind, or build, which all of them take.
ensure_software() {
	local packages server=() version

	mapfile -t packages < <(missing_tools "$@")
	if [[ -n ${PG_CONFIG:-} ]]; then
		command -v "$PG_CONFIG" >/dev/null || fail "PG_CONFIG is $PG_CONFIG, but there is no such program"
		is_complete "$PG_CONFIG" ||
			fail "the server of PG_CONFIG=$PG_CONFIG is older than $OLDEST_VERSION, or its server programs or development files are missing"
	else
		PG_CONFIG=$(newest_pg_config)
	fi

	if [[ -z $PG_CONFIG ]]; then
		mapfile -t server < <(missing_server "$(versions_here | head -n 1)")
	fi
	if ((${#packages[@]} + ${#server[@]} > 0)); then
		prepare_installation "${packages[@]}" "${server[@]}"
		if [[ -z $PG_CONFIG ]]; then
			version=$(version_to_install)
			mapfile -t server < <(missing_server "$version")
		fi
		install_packages "${packages[@]}" "${server[@]}"
		PG_CONFIG=${PG_CONFIG:-$(newest_pg_config)}
	fi
	[[ -n $PG_CONFIG ]] || fail "no server in /usr/lib/postgresql is complete; set PG_CONFIG to that of one that is"

	if [[ $EUID -eq 0 ]] && ! id "$SERVER_USER" >/dev/null 2>&1; then
		fail "there is no user $SERVER_USER, whom root needs to run a server"
	fi
	if [[ " $* " == *" tap "* ]]; then
		ensure_extension pg_partman partman pg_partman
		ensure_extension plproxy plproxy PL/Proxy
	fi
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
		--exclude=./tmp_check --exclude=./results --exclude=./output_iso --exclude=node_modules -cf - . |
		tar -C "$folder" -xf -
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

# refuse_foreign FOLDER: fails if somebody else has put a folder of that name there.
refuse_foreign() {
	if [[ (-e $1 || -L $1) && (-L $1 || ! -d $1 || ! -O $1) ]]; then
		fail "$1 belongs to somebody else; set TMPDIR to another folder"
	fi
}

# make_own_folder FOLDER: makes a folder where others may have guessed its name, or takes ours.
make_own_folder() {
	mkdir -m 755 "$1" 2>/dev/null || true
	refuse_foreign "$1"
	[[ -d $1 ]] || fail "cannot make the folder $1"
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
