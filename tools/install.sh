# Installs what tools/packages.txt lists. Sourced by ./run and ./test.
#
#   install_packages build ui      says what it does; quiet when nothing is missing

# The packages of one group, alternatives resolved.
_packages_of() {
  sed -e 's/#.*//' tools/packages.txt | awk -v group="[$1]" '
    /^\[/ { inside = ($1 == group); next } inside && NF { print $1 }' |
  while IFS= read -r names; do
    chosen=
    for name in $(printf '%s' "$names" | tr '|' ' '); do
      if _is_installed "$name"; then chosen=$name; break; fi
    done
    if [ -z "$chosen" ]; then
      for name in $(printf '%s' "$names" | tr '|' ' '); do
        if apt-cache show "$name" >/dev/null 2>&1; then chosen=$name; break; fi
      done
    fi
    printf '%s\n' "${chosen:-${names%%|*}}"
  done
}

_is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Node may come from anywhere, as long as it is new enough.
_has_node() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]
}

_missing_packages() {
  for group in "$@"; do
    if [ "$group" = ui ] && _has_node; then continue; fi
    for name in $(_packages_of "$group"); do
      _is_installed "$name" || printf '%s ' "$name"
    done
  done
}

# apt-get as root, or through sudo where that asks nothing.
_apt_get() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null
  else
    sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null
  fi
}

install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "no apt here: the tools and libraries of tools/packages.txt are expected to be installed"
    return 0
  fi
  missing=$(_missing_packages "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    echo "Debian packages are missing, and installing them takes root. Run this, then try again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
    return 1
  fi
  echo "installing Debian packages: $missing"
  log=$(mktemp)
  if ! { _apt_get update && _resolve_and_install "$@"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "apt-get could not install them; the lines above say why" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Once more after the update: before it, apt may not have known any of the alternatives.
_resolve_and_install() {
  # shellcheck disable=SC2046  # one word per package
  _apt_get install -y --no-install-recommends $(_missing_packages "$@")
}
