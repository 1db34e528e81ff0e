#!/bin/bash
# Proves the two commands on a bare Debian: makes a minimal tree with debootstrap from this machine's own
# apt sources, clones the checkout's HEAD into it, and runs commands there as on a new machine.
#
#   tools/fresh_debian.sh                          ./run --build-only, then ./run tried out (tools/try_run.py)
#   tools/fresh_debian.sh './test'                 any shell command, in the clone
#   tools/fresh_debian.sh --again COMMAND          in the tree of the last time, packages and build kept
#
# Needs root and debootstrap. The bare tree is kept in build/fresh/base, changes go to an overlay. What a new
# machine would bring along comes from this one: apt sources and proxy settings, CA certificates, npm's
# registry, and the compiler cache (CCACHE_DIR), if there is one. The part after the build runs without any
# network but its own loopback, so the usual ports are free there.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
suite=${SUITE:-bookworm}
work=$checkout/build/fresh
again=0
if [ "${1:-}" = --again ]; then again=1; shift; fi
[ "$(id -u)" = 0 ] || { echo "root is needed, for debootstrap and chroot" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 2; }

# Files of apt's configuration that speak of this suite and nothing else.
apt_sources() {
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -f "$file" ] || continue
    suites=$(sed -n -e 's/^Suites: *//p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}[^ ]* \([^ ]*\).*/\2/p' "$file")
    [ -n "$suites" ] || continue
    fits=1
    for name in $suites; do
      case $name in "$suite" | "$suite"-updates | "$suite"-security) ;; *) fits=0 ;; esac
    done
    [ $fits = 0 ] || printf '%s\n' "$file"
  done
}

first_mirror() {
  apt_sources | xargs -r sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' |
    head -n 1
}

make_base() {
  mirror=$(first_mirror)
  [ -n "$mirror" ] || { echo "no apt source for $suite in /etc/apt" >&2; exit 2; }
  echo "debootstrap of $suite"
  rm -rf "$work/base" "$work/base.new"
  mkdir -p "$work"
  debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$work/base.new" "$mirror" \
    >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
  rm -f "$work/base.new/etc/apt/sources.list"
  apt_sources | while IFS= read -r file; do
    cp "$file" "$work/base.new/etc/apt/sources.list.d/"
    # Keys that the sources name.
    sed -n -e 's/^Signed-By: *//p' -e 's/.*signed-by=\([^] ]*\).*/\1/p' "$file" | while IFS= read -r key; do
      [ ! -f "$key" ] || { mkdir -p "$work/base.new/$(dirname "$key")"; cp "$key" "$work/base.new/$key"; }
    done
  done
  grep -lis 'proxy' /etc/apt/apt.conf.d/* /etc/apt/apt.conf | xargs -r -I{} cp {} "$work/base.new/etc/apt/apt.conf.d/" || true
  cp /usr/local/share/ca-certificates/*.crt "$work/base.new/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$work/base.new" update-ca-certificates >/dev/null 2>&1
  mv "$work/base.new" "$work/base"
}

# Runs inside the private mount namespace: $1 is the command, $2 whether there is a network.
inside() {
  tree=$work/tree
  mkdir -p "$tree" "$work/upper" "$work/scratch"
  mount -t overlay overlay -o "lowerdir=$work/base,upperdir=$work/upper,workdir=$work/scratch" "$tree"
  mount -t proc proc "$tree/proc"
  mount --rbind /sys "$tree/sys"
  mount --rbind /dev "$tree/dev"
  mount -t tmpfs tmpfs "$tree/dev/shm"
  cp -L /etc/resolv.conf /etc/hosts "$tree/etc/" 2>/dev/null || true
  cache=
  if [ -n "${CCACHE_DIR:-}" ]; then
    mkdir -p "$tree/var/cache/ccache"
    mount --bind "$CCACHE_DIR" "$tree/var/cache/ccache"
    cache="CCACHE_DIR=/var/cache/ccache CCACHE_BASEDIR=/srv CCACHE_NOHASHDIR=1"
  fi
  [ "$2" = network ] || ip link set lo up
  # shellcheck disable=SC2086  # one word per variable
  exec chroot "$tree" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CI=true $cache \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    ${no_proxy:+no_proxy="$no_proxy"} ${npm_registry:+npm_config_registry="$npm_registry"} \
    ${CMAKE_BUILD_PARALLEL_LEVEL:+CMAKE_BUILD_PARALLEL_LEVEL="$CMAKE_BUILD_PARALLEL_LEVEL"} \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    /bin/bash -c "cd /srv/binnacle && $1"
}

in_tree() {
  export -f inside
  export work npm_registry
  flags=(--mount --pid --fork --kill-child --propagation private)
  [ "$2" = network ] || flags+=(--net)
  unshare "${flags[@]}" bash -c 'set -euo pipefail; inside "$@"' inside "$1" "$2" </dev/null
}

[ -d "$work/base" ] || make_base
npm_registry=$(npm config get registry 2>/dev/null || true)
if [ $again = 0 ]; then rm -rf "$work/upper" "$work/scratch"; fi
mkdir -p "$work/upper/srv"
if [ -d "$work/upper/srv/binnacle" ]; then
  git -C "$work/upper/srv/binnacle" fetch -q "$checkout" HEAD
  git -C "$work/upper/srv/binnacle" checkout -q --detach FETCH_HEAD
else
  git clone -q --no-hardlinks "$checkout" "$work/upper/srv/binnacle"
fi

started=$(date +%s)
if [ $# -gt 0 ]; then
  in_tree "$*" network
else
  in_tree './run --build-only' network
  echo "built in $(($(date +%s) - started)) s"
  in_tree 'python3 tools/try_run.py' loopback
fi
echo "done in $(($(date +%s) - started)) s"
