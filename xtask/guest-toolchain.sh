#!/usr/bin/env bash
# Makes a Rust compiler for wasm32-wasip2 on a Debian machine where rustup has no such target and cannot
# download one. `cargo xtask` calls it, holds a lock meanwhile, and puts the result in place.
#
#   guest-toolchain.sh FOLDER SYSROOT     fills FOLDER/toolchain, which may be moved afterwards; FOLDER/work is
#                                         scratch; SYSROOT is `rustc --print sysroot`
#   HAP_GUEST_COMPILER=rustc-web          use the fallback compiler, to test it
#
# Debian packages the source of Rust's releases (rust-src) and a C library for WASI (wasi-libc). The installed
# compiler compiles the standard library from the source of its own release; another release's would not
# compile. Where Debian has no such source, it has a compiler with its source (rustc-web), built for browsers.
# apt checks the packages' signatures, cargo the crates' digests. Nothing outside FOLDER changes, apart from
# cargo's own cache of crates.
set -Eeuo pipefail

say() { echo "guest-toolchain: $*" >&2; }
die() { say "$*"; exit 1; }
trap 'die "line $LINENO of the script failed: $BASH_COMMAND"' ERR
trap 'die interrupted' INT TERM
exec 1>&2

# shellcheck source=/dev/null
[ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = debian ] || die "this machine does not run Debian"
for program in apt-get apt-cache dpkg-deb tar gcc; do
    command -v "$program" >/dev/null || die "\`$program\` is not installed"
done
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

target=wasm32-wasip2
folder=$(readlink -f "$1")
sysroot=$2
toolchain=$folder/toolchain
work=$folder/work
[ -x "$sysroot/bin/cargo" ] || die "there is no cargo beside the compiler in \`$sysroot\`"
description=$("$sysroot/bin/rustc" -vV)
release=$(sed -n 's/^release: //p' <<<"$description")
commit=$(sed -n 's/^commit-hash: //p' <<<"$description")
host=$(sed -n 's/^host: //p' <<<"$description")

# The caller's settings are for the caller's builds.
unset RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET \
    CARGO_BUILD_RUSTFLAGS CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR LD_LIBRARY_PATH

### Debian's packages, through an apt with a state of its own, so that the machine's stays as it is.

prepare_apt() {
    local uris
    uris=$(apt-get update --print-uris | sed -n "s,^'\\(.*\\)/dists/\\([^/]*\\)/InRelease' .*,\\2 \\1,p") || :
    # The mirrors that the machine itself uses.
    main_mirror=$(awk -v suite="$codename" '$1 == suite { print $2; exit }' <<<"$uris")
    security_mirror=$(awk -v suite="$codename-security" '$1 == suite { print $2; exit }' <<<"$uris")
    [ -n "$main_mirror" ] || die "apt has no source for Debian $codename"
    mkdir -p "$work"/apt/{state/lists/partial,cache/archives/partial,sources,preferences} "$work/packages"
    touch "$work/apt/status"
    cat >"$work/apt/apt.conf" <<CONF
Dir::State "$work/apt/state";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt/cache";
Dir::Etc::sourcelist "$work/apt/none";
Dir::Etc::sourceparts "$work/apt/sources";
Dir::Etc::preferences "$work/apt/none";
Dir::Etc::preferencesparts "$work/apt/preferences";
APT::Sandbox::User "root";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
    export APT_CONFIG=$work/apt/apt.conf
}

# SUITE...: the suites that `newest` and `unpack` look in from here on.
look_in() {
    local suite mirror
    for suite in "$@"; do
        mirror=$main_mirror
        [[ $suite != *-security ]] || mirror=$security_mirror
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done >"$work/apt/sources/guest.list"
    # By itself apt only warns, and a package that it then does not find is said not to exist.
    apt-get -qq update --error-on=any || die "cannot fetch Debian's package index of: $*"
}

# PACKAGE [VERSION-PATTERN]: prints the newest version that fits, or nothing.
newest() {
    apt-cache madison "$1" | awk '{ print $3 }' | { grep -E "^${2:-.}" || :; } | sed -n 1p
}

# FOLDER PACKAGE VERSION [TAR-OPTION...]: unpacks a package into FOLDER.
unpack() {
    local into=$1 package=$2 version=$3
    shift 3
    say "fetching $package $version"
    mkdir -p "$into"
    rm -f "$work"/packages/*.deb
    (cd "$work/packages" && apt-get -qq download "$package=$version") || die "cannot fetch $package $version"
    dpkg-deb --fsys-tarfile "$work"/packages/*.deb | tar -x -C "$into" "$@"
}

### The compiler, and the source of its standard library.

# Sets rust_src to the version of the package with the source of the installed compiler's very release, or to
# nothing.
find_rust_src() {
    local suites
    rust_src=
    [ "${HAP_GUEST_COMPILER:-}" != rustc-web ] || return 0
    # Small indexes first; those of whole releases only when they are needed.
    for suites in trixie-backports "trixie forky sid experimental"; do
        # shellcheck disable=SC2086 # a list of suites
        look_in $suites
        rust_src=$(newest rust-src "${release//./\\.}\\+")
        [ -z "$rust_src" ] || return 0
    done
}

# This and the next function choose the compiler: they set compiler, which builds the standard library, and
# run_compiler, the words that start it from the finished toolchain's wrapper.
use_installed_compiler() {
    unpack_source rust-src "$rust_src"
    compiler=$sysroot/bin/rustc
    run_compiler="'$compiler'"
    ln -s "$sysroot/lib/rustlib/$host" "$toolchain/lib/rustlib/$host"
}

use_rustc_web() {
    local version runtime llvm libraries tools package
    [ -n "$security_mirror" ] || die "Debian has no rust-src $release, and apt no source for $codename-security"
    look_in "$codename-security" "$codename"
    version=$(newest rustc-web)
    [ -n "$version" ] || die "Debian has neither rust-src $release nor rustc-web"
    say "using Debian's own compiler, rustc-web $version"
    runtime=libstd-rust-web-$(cut -d. -f1,2 <<<"$version")
    for package in rustc-web libstd-rust-web-dev "$runtime"; do
        unpack "$toolchain/web" "$package" "$version"
    done
    llvm=$(apt-cache show "$runtime=$version" | grep -oE 'libllvm[0-9]+' | sed -n 1p)
    unpack "$toolchain/web" "$llvm" "$(newest "$llvm")"
    unpack_source rust-web-src "$version"
    commit=$version

    libraries=web/usr/lib/$(gcc -print-multiarch)
    tools=$sysroot/lib/rustlib/$host/bin # the installed toolchain's linkers for WebAssembly serve this compiler too
    compiler=$work/rustc-web
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
        "$toolchain/$libraries" "$toolchain/web/usr/bin/rustc" >"$compiler"
    chmod +x "$compiler"
    "$compiler" --version >/dev/null || die "rustc-web $version does not run: it wants libraries that are not installed"
    run_compiler="env PATH='$tools:$tools/gcc-ld':\"\$PATH\" LD_LIBRARY_PATH=\"\$here/$libraries\" \"\$here/web/usr/bin/rustc\""
    ln -s "../../web/usr/lib/rustlib/$host" "$toolchain/lib/rustlib/$host"
}

# PACKAGE VERSION: the source of the standard library, as $work/source/library.
unpack_source() {
    unpack "$work/source" "$1" "$2" --strip-components=4 --wildcards './usr/src/*/library/*'
    [ -f "$work/source/library/sysroot/Cargo.toml" ] || die "$1 $2 has no library/sysroot"
}

### The standard library, built as Rust's own bootstrap does it.

compile_standard_library() {
    local flags
    say "compiling the standard library for $target"
    flags="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes"
    flags+=" --remap-path-prefix=$work/source=/rustc/$commit"
    flags+=" --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/rust/deps"
    (
        cd "$work/source" || exit
        # RUSTC_BOOTSTRAP: the standard library may use unstable features with a stable compiler.
        RUSTC=$compiler RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=$work/build CARGO_INCREMENTAL=0 \
            "$sysroot/bin/cargo" build --quiet --release --locked --manifest-path library/sysroot/Cargo.toml \
            --features "panic-unwind backtrace" --target "$target"
    ) >"$work/log" 2>&1 || { tail -n 40 "$work/log" | cut -c 1-300; die "the standard library did not compile"; }
    mkdir -p "$toolchain/lib/rustlib/$target/lib"
    cp "$work/build/$target/release/deps/"*.rlib "$toolchain/lib/rustlib/$target/lib/"
}

# The C library under the standard library. Older packages of it have no files for wasm32-wasip2.
add_c_library() {
    local version suites found=$toolchain/lib/rustlib/$target/lib/self-contained
    for suites in trixie-backports "forky sid"; do
        # shellcheck disable=SC2086 # a list of suites
        look_in $suites
        version=$(newest wasi-libc)
        [ -n "$version" ] || continue
        rm -rf "$work/libc"
        unpack "$work/libc" wasi-libc "$version" --strip-components=3 --wildcards './usr/lib/*'
        [ -f "$work/libc/$target/libc.a" ] || continue
        mkdir -p "$found"
        cp "$work/libc/$target"/{libc.a,crt1-command.o,crt1-reactor.o} "$found/"
        return
    done
    die "Debian has no wasi-libc for $target"
}

# The wrapper finds its sysroot beside itself, so that the folder can be renamed.
add_wrapper() {
    mkdir -p "$toolchain/bin"
    cat >"$toolchain/bin/rustc" <<WRAPPER
#!/bin/sh
here=\${0%/*}/..
exec $run_compiler --sysroot "\$here" "\$@"
WRAPPER
    chmod +x "$toolchain/bin/rustc"
}

check_that_it_works() {
    echo 'fn main() { println!("{:?}", std::env::args().collect::<Vec<_>>()) }' >"$work/check.rs"
    "$toolchain/bin/rustc" --edition 2024 -O --target "$target" -o "$work/check.wasm" "$work/check.rs" ||
        die "the compiler was made, but cannot build a program for $target"
}

mkdir -p "$work" "$toolchain/lib/rustlib"
prepare_apt
find_rust_src
if [ -n "$rust_src" ]; then use_installed_compiler; else use_rustc_web; fi
compile_standard_library
add_c_library
add_wrapper
check_that_it_works
