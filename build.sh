#!/usr/bin/env bash
# One entry for people and for CI. `./build.sh` alone prints the verbs; build.ps1 has the same ones.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
cd "$root"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# No build node outlives the script: it would hold the output open, and a pipe behind the script would wait for it.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
export HOME="${HOME:-$root/artifacts/home}"

artifacts="$root/artifacts"
node_dirs=("$root/tests/Engine.Interop.Tests/node" "$root/tests/Engine.TypeScript.Tests/node")

usage() {
  cat "$root/.ci/usage.txt"
}

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

need_dotnet() {
  command -v dotnet >/dev/null 2>&1 || die "missing: the .NET 10 SDK (https://dotnet.microsoft.com/download/dotnet/10.0)"
}

build_solution() {
  need_dotnet
  dotnet build Engine.sln -c Release -v quiet --nologo "$@" </dev/null
}

# Everything the interop tests use that NuGet does not bring: curl, chromium, node with npm's ws and eventsource, python3-websockets, nginx, redis-server, nats-server, rabbitmq-server, mosquitto.
# Root on Debian gets it installed; anybody else gets one line that says what is missing.
need_peers() {
  local packages=() missing
  command -v curl >/dev/null 2>&1 || packages+=(curl)
  chromium_path >/dev/null || packages+=(chromium)
  command -v node >/dev/null 2>&1 || packages+=(nodejs)
  command -v npm >/dev/null 2>&1 || packages+=(npm)
  /usr/bin/python3 -c 'import websockets' >/dev/null 2>&1 || packages+=(python3-websockets)
  [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null 2>&1 || packages+=(nginx)
  command -v redis-server >/dev/null 2>&1 || packages+=(redis-server)
  [ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null 2>&1 || packages+=(mosquitto)
  [ -x /usr/sbin/nats-server ] || command -v nats-server >/dev/null 2>&1 || packages+=(nats-server)
  # It brings Erlang, and not every mirror has it: without it its own tests are skipped.
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1 || packages+=(rabbitmq-server)
  if [ "${#packages[@]}" -gt 0 ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
      say "installing: ${packages[*]}"
      mkdir -p "$artifacts"
      install_packages "${packages[@]}" </dev/null >"$artifacts/apt.log" 2>&1 || die "apt-get could not install: ${packages[*]} (see artifacts/apt.log)"
    else
      missing="$(IFS=,; printf '%s' "${packages[*]}")"
      die "missing for the interop tests: ${missing//,/, } (as root on Debian this script installs them)"
    fi
  fi
  # npm leaves a copy of the lock file behind: when it is as new as ours, the modules are those of the lock file.
  local node_dir
  for node_dir in "${node_dirs[@]}"; do
    if ! [ "$node_dir/node_modules/.package-lock.json" -nt "$node_dir/package-lock.json" ]; then
      mkdir -p "$artifacts"
      (cd "$node_dir" && npm ci --ignore-scripts --no-audit --no-fund </dev/null >"$artifacts/npm.log" 2>&1) \
        || die "npm could not install the modules of ${node_dir#"$root/"} (see artifacts/npm.log)"
    fi
  done
}

# Only programs are wanted: nginx's package would start a server on port 80, unless Debian's own policy hook says no.
install_packages() (
  export DEBIAN_FRONTEND=noninteractive
  if ! [ -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
  fi
  local package available=()
  apt-get update -q || exit 1
  for package in "$@"; do
    [ "$package" = rabbitmq-server ] && ! apt-cache show "$package" >/dev/null 2>&1 || available+=("$package")
  done
  [ "${#available[@]}" -eq 0 ] || apt-get install -q -y --no-install-recommends "${available[@]}"
)

chromium_path() {
  if [ -n "${ENGINE_CHROMIUM:-}" ]; then
    command -v "$ENGINE_CHROMIUM"
    return
  fi
  command -v chromium || command -v chromium-browser || command -v google-chrome-stable
}

# Fast ones first: the house rules, the protocol packages, the sockets of src/Engine, then real peers.
test_projects() {
  local project
  for project in tests/House.Tests tests/Engine.TestKit.Tests; do
    [ -d "$project" ] && printf '%s\n' "$project"
  done
  for project in tests/*.Tests; do
    case "$project" in
      tests/House.Tests | tests/Engine.TestKit.Tests | tests/Engine.Tests | tests/Engine.Interop.Tests) ;;
      *) printf '%s\n' "$project" ;;
    esac
  done
  for project in tests/Engine.Tests tests/Engine.Interop.Tests; do
    [ -d "$project" ] && printf '%s\n' "$project"
  done
}

# One attribute of a .trx file's <Counters>; the logger's own notExecuted is always 0, so skipped is total - executed.
counter() {
  grep -o '<Counters [^>]*>' "$1" | head -n 1 | grep -o " $2=\"[0-9]*\"" | head -n 1 | tr -dc '0-9'
}

run_tests() {
  local selected=() project name wanted trx total executed good bad seconds
  local passed=0 failed=0 skipped=0 status=0
  while IFS= read -r project; do
    name="${project#tests/}"
    if [ "$#" -eq 0 ]; then
      selected+=("$project")
    else
      for wanted in "$@"; do
        case "$name" in *"$wanted"*) selected+=("$project"); break ;; esac
      done
    fi
  done < <(test_projects)
  [ "${#selected[@]}" -gt 0 ] || die "no test project's name contains: $*"

  need_dotnet
  case " ${selected[*]} " in *" tests/Engine.Interop.Tests "* | *" tests/Engine.Backplane.Tests "* | *" tests/Engine.TypeScript.Tests "*)
    need_peers
    ENGINE_CHROMIUM="$(chromium_path)"
    export ENGINE_CHROMIUM
    ;;
  esac
  build_solution || die "the build failed: no test was run"

  rm -rf "$artifacts/test-results"
  mkdir -p "$artifacts/test-results"
  for project in "${selected[@]}"; do
    name="${project#tests/}"
    trx="$artifacts/test-results/$name.trx"
    seconds=$SECONDS
    if ! dotnet test "$project" -c Release --no-build --nologo --logger "trx;LogFileName=$trx" --logger "console;verbosity=minimal" </dev/null; then
      status=1
    fi
    total=0 executed=0 good=0 bad=0
    if [ -f "$trx" ]; then
      total="$(counter "$trx" total)" executed="$(counter "$trx" executed)" good="$(counter "$trx" passed)"
      bad=$((executed - good))
    fi
    if [ "$total" -eq 0 ] || { [ "$bad" -eq 0 ] && grep -q '<ResultSummary outcome="\(Failed\|Error\|Aborted\)"' "$trx"; }; then
      say "$name: no complete result (a test host that ended, or no tests); counted as one failure"
      bad=$((bad + 1))
    fi
    say "$name: $good passed, $bad failed, $((total - executed)) skipped, $((SECONDS - seconds)) s"
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + total - executed))
  done

  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || status=1
  if [ "$skipped" -gt 0 ]; then
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  else
    printf '%d passed, %d failed\n' "$passed" "$failed"
  fi
  return "$status"
}

run_format() {
  need_dotnet
  local check=()
  if [ "${CI:-}" = true ] || [ "${1:-}" = --check ]; then
    check=(--verify-no-changes)
  fi
  dotnet restore Engine.sln -v quiet --nologo </dev/null
  if ! dotnet format Engine.sln --no-restore --severity warn ${check[@]+"${check[@]}"} </dev/null; then
    die "the tree is not formatted: run ./build.sh format"
  fi
}

# Native programs. What the compiler warns of would break at run time, so a warning is an error.
run_aot() {
  local wanted=() projects=() project name log rid tests='' measure=''
  for name in "$@"; do
    case "$name" in
      --test) tests=1 ;;
      --measure) measure=1 ;;
      -*) die "unknown option of aot: $name" ;;
      *) wanted+=("$name") ;;
    esac
  done
  for project in samples/*/ conformance/TestServer/ conformance/TestClient/; do
    project="${project%/}"
    [ -f "$project/${project##*/}.csproj" ] || continue
    [ "${#wanted[@]}" -gt 0 ] || projects+=("$project")
    for name in ${wanted[@]+"${wanted[@]}"}; do
      case "${project##*/}" in *"$name"*) projects+=("$project"); break ;; esac
    done
  done
  [ "${#projects[@]}" -gt 0 ] || die "no program's name contains: ${wanted[*]}"

  need_dotnet
  case "$(uname -m)" in aarch64 | arm64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac
  [ "$(uname -s)" = Darwin ] && rid="${rid/linux/osx}"
  mkdir -p "$artifacts/aot"
  for project in "${projects[@]}"; do
    name="${project##*/}" log="$artifacts/aot/${project##*/}.log"
    # The lock files of the packages do not speak of this one operating system.
    if ! dotnet publish "$project" -c Release -r "$rid" -p:PublishAot=true -p:NuGetLockFilePath=obj/aot.packages.lock.json \
      -o "$artifacts/aot/$name" -v quiet --nologo </dev/null >"$log" 2>&1 || grep -q 'warning ' "$log"; then
      cat "$log" >&2
      die "$project does not publish as a native program without a warning"
    fi
    printf '%-14s %5d KB\n' "$name" "$(($(wc -c <"$artifacts/aot/$name/$name") / 1024))"
  done

  if [ -n "$tests" ]; then
    need_peers
    ENGINE_CHROMIUM="$(chromium_path)" ENGINE_NATIVE="$artifacts/aot"
    export ENGINE_CHROMIUM ENGINE_NATIVE
    dotnet build tests/Engine.Interop.Tests -c Release -v quiet --nologo </dev/null
    dotnet test tests/Engine.Interop.Tests -c Release --no-build --nologo \
      --filter 'FullyQualifiedName~CurlTests|FullyQualifiedName~NodeTests|FullyQualifiedName~ChromiumTests|FullyQualifiedName~SignalTests' </dev/null
  fi
  [ -z "$measure" ] || measure_start "$rid"
}

# The demo by the JIT, by ReadyToRun and natively: from the start of the process to the first answer, the best of five, and the memory then.
measure_start() {
  local rid="$1" kind bytes
  dotnet build samples/Demo -c Release -v quiet --nologo </dev/null
  dotnet publish samples/Demo -c Release -r "$rid" --self-contained false -p:PublishReadyToRun=true -p:NuGetLockFilePath=obj/aot.packages.lock.json \
    -o "$artifacts/r2r/Demo" -v quiet --nologo </dev/null
  printf '%-14s %10s %18s %16s\n' '' 'size' 'first answer' 'resident memory'
  for kind in JIT ReadyToRun NativeAOT; do
    case "$kind" in
      JIT) set -- dotnet samples/Demo/bin/Release/net10.0/Demo.dll; bytes="$(cat samples/Demo/bin/Release/net10.0/*.dll | wc -c)" ;;
      ReadyToRun) set -- dotnet "$artifacts/r2r/Demo/Demo.dll"; bytes="$(cat "$artifacts"/r2r/Demo/*.dll | wc -c)" ;;
      NativeAOT) set -- "$artifacts/aot/Demo/Demo"; bytes="$(wc -c <"$artifacts/aot/Demo/Demo")" ;;
    esac
    first_answer "$@"
    printf '%-14s %7d KB %15d ms %13d KB\n' "$kind" "$((bytes / 1024))" "$best_milliseconds" "$resident_kilobytes"
  done
}

first_answer() {
  local port pid began ended round milliseconds line
  best_milliseconds=1000000 resident_kilobytes=0
  for round in 1 2 3 4 5; do
    port=$((18000 + RANDOM % 10000))
    began="${EPOCHREALTIME/[.,]/}"
    "$@" --port "$port" >/dev/null 2>&1 </dev/null &
    pid=$!
    until { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; do
      kill -0 "$pid" 2>/dev/null || die "the demo did not start: $*"
    done
    printf 'GET /plain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    IFS= read -r line <&3
    ended="${EPOCHREALTIME/[.,]/}"
    exec 3<&-
    case "$line" in *" 200 "*) ;; *) die "the demo answered: $line" ;; esac
    milliseconds=$(((ended - began) / 1000))
    if [ "$milliseconds" -lt "$best_milliseconds" ]; then
      best_milliseconds="$milliseconds"
      resident_kilobytes="$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")"
    fi
    kill -TERM "$pid"
    wait "$pid" || true
  done
}

# The one place of the version is Directory.Build.props.
version() {
  sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props | head -n 1
}

pack_packages() {
  local project
  rm -rf "$artifacts/packages"
  for project in src/*/*.csproj; do
    dotnet pack "$project" -c Release -v quiet --nologo -o "$artifacts/packages" "$@" </dev/null
  done
  ls -1 "$artifacts/packages"
}

run_release() {
  local number dry=''
  [ "${1:-}" != --dry-run ] || dry=1
  number="$(version)"
  grep -q "^## \[$number\]" CHANGELOG.md || die "CHANGELOG.md has no section [$number]: rename [Unreleased], or raise <Version> in Directory.Build.props"
  ! git rev-parse -q --verify "refs/tags/v$number" >/dev/null || die "v$number is tagged already: raise <Version> in Directory.Build.props"
  if [ -z "$dry" ]; then
    [ -z "$(git status --porcelain)" ] || die "the tree is not clean: commit first"
  fi
  need_dotnet
  if [ -n "$dry" ]; then
    CI=true pack_packages
    say "would tag v$number"
  else
    CI=true pack_packages -p:RestoreLockedMode=true
    git tag -a "v$number" -m "Release $number"
    say "tagged v$number; push it with: git push origin v$number"
  fi
}

run_docs() {
  need_dotnet
  build_solution
  dotnet tool restore </dev/null >/dev/null
  local source="$artifacts/docs-source" assembly name
  rm -rf "$artifacts/docs" "$source"
  mkdir -p "$source/pages" "$source/packages" "$source/references"
  cp docs/*.md docs/toc.yml "$source/pages"
  # The site has the pages only: what lies beside them in the repository is named, not linked.
  sed -i.bak -E 's#\[([^]]*)\]\(\.\./([^)]*)\)#\1 (`\2`)#g' "$source"/pages/*.md
  rm -f "$source"/pages/*.bak
  for assembly in src/*/bin/Release/net10.0/*.dll; do
    name="$(basename "$assembly" .dll)"
    case "$assembly" in "src/$name/"*) cp "$assembly" "${assembly%.dll}.xml" "$source/packages" ;; esac
  done
  # What the packages stand on lies beside a program, not beside each of them.
  for assembly in conformance/TestServer/bin/Release/net10.0/*.dll; do
    [ -e "$source/packages/${assembly##*/}" ] || cp "$assembly" "$source/references"
  done
  dotnet docfx docs/docfx.json --warningsAsErrors </dev/null
  say "the site: artifacts/docs/index.html"
}

run_project() {
  local project="$1"
  shift
  need_dotnet
  dotnet build "$project" -c Release -v quiet --nologo </dev/null
  # exec, and not by `dotnet run`: Ctrl-C and SIGTERM reach the program itself, which stops gracefully.
  exec dotnet "$project/bin/Release/net10.0/${project##*/}.dll" "$@"
}

verb="${1:-}"
[ "$#" -eq 0 ] || shift
case "$verb" in
  build) build_solution "$@" ;;
  run) run_project samples/Demo "$@" ;;
  test) run_tests "$@" ;;
  conformance) run_project conformance/Runner "$@" ;;
  bench)
    if [ "${1:-}" = micro ]; then
      shift
      need_dotnet
      dotnet build bench/Micro -c Release -v quiet --nologo </dev/null
      exec dotnet bench/Micro/bin/Release/net10.0/Engine.Bench.Micro.dll "$@"
    fi
    run_project bench/Engine.Bench "$@"
    ;;
  aot) run_aot "$@" ;;
  docs) run_docs ;;
  release) run_release "$@" ;;
  pack)
    need_dotnet
    pack_packages
    ;;
  format) run_format "$@" ;;
  api)
    need_dotnet
    dotnet build tests/House.Tests -c Release -v quiet --nologo </dev/null
    ENGINE_WRITE_API=1 dotnet test tests/House.Tests -c Release --no-build --nologo --filter "FullyQualifiedName~PublicApiTests" </dev/null
    git --no-pager diff --stat -- 'src/*/PublicAPI.txt' 2>/dev/null || true
    ;;
  "" | help | -h | --help) usage ;;
  *)
    say "unknown verb: $verb"
    usage >&2
    exit 2
    ;;
esac
