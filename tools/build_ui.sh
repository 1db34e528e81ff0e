# Builds ui/ into ui/dist when its sources changed since the last time. Sourced by ./run and ./test.
#
#   build_ui       needs Node >= 18 and npm; quiet when there is nothing to do

# npm ci when the lock file changed since the last one.
install_node_modules() (
  cd "$1" || exit 1
  wanted=$(cat package.json package-lock.json | sha256sum)
  if [ "$(cat node_modules/.binnacle-lock 2>/dev/null)" != "$wanted" ]; then
    echo "installing the web packages of $1"
    # Browsers come from the distribution; nothing here needs npm's own download of one.
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error || exit 1
    printf '%s\n' "$wanted" >node_modules/.binnacle-lock
  fi
)

build_ui() {
  [ -f ui/package.json ] || return 0
  install_node_modules ui || return 1
  state=$(find ui -type f -not -path 'ui/node_modules/*' -not -path 'ui/dist/*' \
            -not -path 'ui/e2e/*' -not -path 'ui/test-results/*' -print0 |
          LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  mkdir -p build
  if [ -f ui/dist/index.html ] && [ "$(cat build/ui.state 2>/dev/null)" = "$state" ]; then
    return 0
  fi
  echo "building the web UI"
  (cd ui && npm run --silent build) || return 1
  printf '%s\n' "$state" >build/ui.state
}
