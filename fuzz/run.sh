#!/usr/bin/env bash
# Builds the fuzz targets on stable Rust and runs one of them for a given time:
#
#   fuzz/run.sh candidate 3600
#   fuzz/run.sh tokenizer 3600
#
# Prints executions, covered edges, and how many inputs crashed, hung or ran out of memory. These
# inputs are kept in fuzz/artifacts/TARGET. The corpus grows in fuzz/corpus/TARGET.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?expected a target: candidate, gold, linear, reply, tokenizer or folder}
seconds=${2:?expected a number of seconds}
host=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-target}
features=()
longest=4096
case $target in
    reply) features=(--features "$target") ;;
    tokenizer | folder)
        features=(--features "$target")
        longest=8192
        ;;
esac

# The seeds come from a plain build; the targets need the flags that `cargo fuzz` would pass. An
# explicit target triple keeps these flags away from build scripts.
seeds=()
if [ "$target" = tokenizer ]; then seeds=("${features[@]}"); fi
cargo run --release --quiet ${seeds[@]+"${seeds[@]}"} --example seeds -- .
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1" \
    cargo build --release --target "$host" ${features[@]+"${features[@]}"} --bin "$target"
program="$folder/$host/release/$target"
mkdir -p "artifacts/$target" "corpus/$target"

log="artifacts/$target.log"
: > "$log"
end=$(($(date +%s) + seconds))
failures=0
# A failing input ends the fuzzer; restart it until the time is over.
while left=$((end - $(date +%s))); [ "$left" -gt 0 ]; do
    if "$program" "corpus/$target" -dict="corpus/$target.dict" -max_len="$longest" -len_control=20 -timeout=60 \
        -rss_limit_mb=2048 -max_total_time="$left" -print_final_stats=1 \
        -artifact_prefix="artifacts/$target/" >> "$log" 2>&1; then
        break
    fi
    failures=$((failures + 1))
    if [ "$failures" -ge 50 ]; then break; fi
done

executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | sort -n | tail -1)
all=$(sed -n 's/.*PC tables (\([0-9]*\) PCs).*/\1/p' "$log" | tail -1)
count() { find "artifacts/$target" -name "$1-*" | wc -l; }
echo "target $target, $seconds s: $executions executions, $edges of $all edges, \
$(count crash) crashes, $(count timeout) hangs, $(count oom) out of memory"
[ "$failures" -eq 0 ]
