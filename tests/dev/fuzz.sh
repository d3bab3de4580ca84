# Runs each fuzz target of build/fuzz for so many seconds, from the inputs kept beside its source.
# A finding is left in .cache/fuzz/ and named at the end.
set -uo pipefail
seconds=${1:-60}
failed=0
for program in build/fuzz/*_fuzz; do
    name=$(basename "$program")
    source=$(git ls-files "src/**/$name.cpp" | head -1)
    corpus=$(dirname "$source")/corpus
    for folder in "$corpus/$name" "$corpus/${name%_fuzz}"; do [[ -d $folder ]] && corpus=$folder; done
    mkdir -p ".cache/fuzz/$name"
    printf '==> %s, %s s\n' "$name" "$seconds"
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=".cache/fuzz/$name-" ".cache/fuzz/$name" $([[ -d $corpus ]] && echo "$corpus") \
        >".cache/fuzz/$name.log" 2>&1 || { failed=1; tail -40 ".cache/fuzz/$name.log"; }
    grep -E 'number_of_executed_units|new_units_added' ".cache/fuzz/$name.log"
done
exit $failed
