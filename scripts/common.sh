# Sourced by the other scripts: they start in the repository's root, write
# progress to stderr, and share how packages are installed and trees built.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The packages of scripts/packages that dpkg does not know as installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' \
    2>/dev/null | sed -n 's/ installed$//p')
  grep -vxF -f <(printf '%s\n' "$installed") scripts/packages || true
}

# Quiet, and without root, when nothing is missing.
install_missing() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system; these must be there:" $(cat scripts/packages)
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 || return
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends "${missing[@]}" >&2
}

# configure DIR MESON_OPTION...: sets a build tree up once. The tests are
# found when meson runs, so it runs again after one came or went, which shows
# in the times of their folders.
configure() {
  local dir=$1
  shift
  if [ ! -f "$dir/build.ninja" ]; then
    meson setup "$dir" "$@" >&2
  elif [ -n "$(find tests -type d -newer "$dir/build.ninja")" ]; then
    meson setup --reconfigure "$dir" "$@" >&2
  fi
}

# Ninja would start two compilers more than there are cores; each may take a
# gigabyte.
build_release() {
  install_missing && configure build --buildtype=release &&
    meson compile -C build -j "$(nproc)" praetor >&2
}

# The one binary; the build directory follows the folder that declares it.
find_binary() {
  local path
  for path in build/praetor build/actors/praetor; do
    if [ -f "$path" ] && [ -x "$path" ]; then
      echo "$PWD/$path"
      return
    fi
  done
  say "the build left no binary named praetor"
  return 1
}
