#!/bin/sh
# Fuzzes one target: run.sh TARGET [SECONDS] [libFuzzer options]. New inputs go to target/fuzz/corpus/TARGET, what breaks
# the property to target/fuzz/artifacts/TARGET. Needs `cargo install cargo-fuzz`.
set -eu
target=$1
seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
here=$(dirname "$0")
work=$here/../../target/fuzz
dictionary=$here/dictionaries/$target.dict
[ ! -f "$dictionary" ] || set -- "-dict=$dictionary" "$@"
case $target in
component) longest=65536 time=300 ;;
*) longest=8192 time=120 ;;
esac
mkdir -p "$work/corpus/$target" "$work/artifacts/$target"
# The toolchain is a stable one, whose flags for coverage must be let through.
export RUSTC_BOOTSTRAP=1
exec cargo fuzz run --fuzz-dir "$here" --target-dir "$work" --sanitizer none "$target" \
    "$work/corpus/$target" "$here/corpus/$target" -- \
    "-max_total_time=$seconds" "-max_len=$longest" "-timeout=$time" -rss_limit_mb=2048 \
    "-artifact_prefix=$work/artifacts/$target/" -print_final_stats=1 "$@"
