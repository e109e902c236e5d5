# Shared by ./run, ./test and ./bench: sourced, not run. $root is the project's folder.
set -euo pipefail
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true
configuration=Release

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

need_sdk() {
  command -v dotnet >/dev/null || die "The .NET 10 SDK is missing: install it so that 'dotnet --version' prints 10.0.4xx, then run this again."
  (cd "$root" && dotnet --version >/dev/null) || exit 1 # global.json says what to install
}

# need_packages COMMAND-OR-FILE=PACKAGE…: installs the Debian packages whose file or command is not there yet.
need_packages() {
  local missing=() pair found
  for pair in "$@"; do
    found=$(compgen -G "${pair%%=*}" | head -1 || true)
    [ -n "$found" ] || command -v "${pair%%=*}" >/dev/null || missing+=("${pair##*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "These Debian packages are missing and only root can install them: ${missing[*]}. Run: apt-get install ${missing[*]}"
    sudo="sudo"
  fi
  command -v apt-get >/dev/null || die "This is not Debian or Ubuntu: install the equivalents of ${missing[*]} yourself, then run this again."
  say "Installing ${missing[*]} (Debian packages)…"
  local log; log=$(mktemp)
  # The servers run as private instances: RUNLEVEL=1 keeps the packages from starting services of their own.
  if ! { $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -yq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -20 "$log" >&2
    die "apt-get could not install ${missing[*]} (see above)."
  fi
  rm -f "$log"
}

need_servers() {
  need_packages '/usr/lib/postgresql/*/bin/initdb=postgresql' '/usr/lib/rabbitmq/bin/rabbitmq-server=rabbitmq-server' \
    '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core' 'setpriv=util-linux'
}

# build WHAT OUTPUT…: quiet, warnings are errors; the compiler server is ours alone and ends with the build. WHAT is a path from the root.
# Nothing is built again while the outputs are there and no file of the tree is newer than the last build: a look at the tree costs less than MSBuild's.
build() {
  local pipe="secondopinion-$$" started=$SECONDS log status=0
  local stamp; stamp="$root/AppHost/obj/built.$configuration.$(basename "$1")"
  local output missing=""
  for output in "${@:2}"; do [ -f "$output" ] || missing=1; done
  if [ -f "$stamp" ] && [ -z "$missing" ] && [ -z "$(newer_than "$stamp")" ]; then return 0; fi
  local begun; begun=$(mktemp)
  say "Building $1…"
  log=$(mktemp)
  (cd "$root" && dotnet build "$1" -c $configuration -v q -clp:NoSummary -nodeReuse:false -p:UseSharedCompilation=true -p:SharedCompilationId="$pipe") >"$log" 2>&1 || status=$?
  local roslyn; roslyn=$(dirname "$(dotnet --list-sdks | tail -1 | sed 's/^\([^ ]*\) \[\(.*\)\]$/\2\/\1\/x/')")/Roslyn/bincore/VBCSCompiler.dll
  [ ! -f "$roslyn" ] || dotnet exec "$roslyn" -shutdown -pipename:"$pipe" >/dev/null 2>&1 || true
  if [ $status != 0 ]; then
    grep -E "error|warning" "$log" | sort -u | head -40 >&2 || cat "$log" >&2
    rm -f "$log" "$begun"
    die "The build failed."
  fi
  rm -f "$log"
  mkdir -p "$(dirname "$stamp")" && touch -r "$begun" "$stamp" && rm -f "$begun"
  say "Built in $((SECONDS - started)) s."
}

newer_than() {
  find "$root" -mindepth 1 \( -name bin -o -name obj -o -name .git -o -name artifacts -o -name node_modules -o -name docs -o -name '.data*' \) -prune \
    -o -newer "$1" -print -quit
}

apphost() { printf '%s' "$root/AppHost/bin/$configuration/net10.0/AppHost.dll"; }
