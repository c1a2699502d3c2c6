# shellcheck shell=bash
#
# root-folders.sh: root folders of Debian's releases, and commands that run within them:
# what test/matrix and test/newcomer share.  Sourced after private-server.sh.
#
# Takes root or sudo.  Everything within a root folder runs in namespaces of its own:
# what it mounts and what it starts ends with it, in whatever way it ends.

# What goes before the command that is run in the root folder $root.
# shellcheck disable=SC2016
readonly ENTER='
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	exec chroot "$root" "$@"'
readonly CLEAN_ENVIRONMENT=(env -i HOME=/root TERM="${TERM:-dumb}"
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	${NODE_EXTRA_CA_CERTS:+"NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS"})

# enclosed COMMAND...: runs a command as root in namespaces of its own for mounts,
# processes and shared memory.
enclosed() {
	as_root unshare --mount --pid --ipc --fork --kill-child -- "$@"
}

# in_root ROOT COMMAND...: runs a command within a root folder.
in_root() {
	# shellcheck disable=SC2016
	enclosed bash -euc 'root=$1; shift'"$ENTER" in_root "$1" "${CLEAN_ENVIRONMENT[@]}" "${@:2}"
}

# in_copy ROOT COMMAND...: runs a command within a copy of a root folder, in memory, that
# is gone when the command ends.  Only the packages that apt downloads stay in the folder.
in_copy() {
	# shellcheck disable=SC2016
	enclosed bash -euc '
		base=$1
		shift
		mount -t tmpfs -o mode=755 tmpfs /mnt
		mkdir /mnt/changes /mnt/work /mnt/root
		mount -t overlay -o "lowerdir=$base,upperdir=/mnt/changes,workdir=/mnt/work" overlay /mnt/root
		root=/mnt/root
		mount --bind "$base/var/cache/apt/archives" "$root/var/cache/apt/archives"'"$ENTER" \
		in_copy "$1" "${CLEAN_ENVIRONMENT[@]}" "${@:2}"
}

# debian_mirror LABEL: prints where this machine gets Debian from, or Debian-Security, or
# nothing.
debian_mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' "Label: $1" |
		awk '/^https?:/ && !found++'
}

# make_root RELEASE ROOT PACKAGES: makes the root folder of a release, with packages
# beside the least that Debian is made of.
make_root() {
	local release=$1 root=$2 packages=$3 mirror

	[[ -x /usr/sbin/debootstrap ]] || install_missing 'debootstrap: to make root folders'
	mirror=$(debian_mirror Debian)
	if [[ -z $mirror ]]; then
		# apt learns whose a source is from the lists that it fetches.
		apt_get update
		mirror=$(debian_mirror Debian)
	fi
	[[ -n $mirror ]] || fail "none of this machine's apt sources is a mirror of Debian"

	note "making the root folder of $release in $root"
	as_root rm -rf "$root.part"
	mkdir -p "${root%/*}"
	# The script for sid is that of all releases, and there before a release has its name.
	enclosed /usr/sbin/debootstrap --variant=minbase --include="$packages" \
		"$release" "$root.part" "$mirror" /usr/share/debootstrap/scripts/sid |
		sed -un '/^[EW]:\|^I: \(Retrieving Packages\|\(Unpacking\|Configuring\) \(required\|the base\)\|Base\)/p'
	# No package may start a server.
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$root.part/usr/sbin/policy-rc.d" >/dev/null
	as_root chmod 755 "$root.part/usr/sbin/policy-rc.d"
	as_root mv "$root.part" "$root"
}

# renew_root ROOT FOLDER PROJECT COMMIT: brings this machine's settings for network and apt, and
# the certificates that npm trusts here, into a root folder, and a commit of the project, into
# FOLDER there.
renew_root() {
	local root=$1 folder=$1$2 project=$3 commit=$4

	as_root cp -L --remove-destination /etc/resolv.conf /etc/hosts "$root/etc/"
	apt-config dump Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date |
		as_root tee "$root/etc/apt/apt.conf.d/80machine" >/dev/null
	if [[ -n ${NODE_EXTRA_CA_CERTS:-} ]]; then
		as_root mkdir -p "$root${NODE_EXTRA_CA_CERTS%/*}"
		as_root cp -L "$NODE_EXTRA_CA_CERTS" "$root$NODE_EXTRA_CA_CERTS"
	fi
	as_root rm -rf "$folder"
	as_root mkdir "$folder"
	git -C "$project" archive "$commit" | as_root tar -C "$folder" -xf -
}

# lock_roots FOLDER COMMAND: sees to it that COMMAND alone uses the root folders in FOLDER.
lock_roots() {
	mkdir -p "$1"
	exec {roots_lock}>"$1/lock"
	flock --nonblock "$roots_lock" || fail "another $2 is using $1"
}
