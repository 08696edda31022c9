#!/usr/bin/env bash
# `roadloop extract` on the same frames in several containers, on one core and on
# all, beside Python's readers with OpenCV, ffmpeg's PNG encoder and a plain copy:
#
#     bench/containers.sh ROADLOOP PYTHON RECORDING...
#
# The recordings are of rgb8 frames of SIZE (default 1280x720); COUNT is how many
# (default 200). ROUNDS (default 3) go through all of them, one after the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
roadloop="$1" python="$2"
shift 2
count="${COUNT:-200}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
measure=("$python" bench/measure.py --count "$count")

say() {
    rm -rf "$work/out"
    mkdir "$work/out"
    printf '%-34s ' "$1"
    shift
    "$@" 2>&1 | tail -1
}

"$python" bench/extract_peer.py "$1" --rgb "$work/frames.rgb"
for _ in $(seq "${ROUNDS:-3}"); do
    for recording in "$@"; do
        name="$(basename "$recording")"
        cat "$recording" >/dev/null # everybody reads it from memory
        say "$name, one core" "${measure[@]}" taskset -c 0 "$roadloop" --quiet --jobs 1 \
            extract "$recording" --out "$work/out"
        say "$name, all cores" "${measure[@]}" "$roadloop" --quiet extract "$recording" --out "$work/out"
        say "$name, Python" "$python" bench/extract_peer.py "$recording" --out "$work/out" \
            --with opencv --threads "$(nproc)"
        say "$name, copied" "${measure[@]}" sh -c "cp '$recording' '$work/out/copy' && sync '$work/out/copy'"
    done
    if command -v ffmpeg >/dev/null; then
        say "ffmpeg, pixels to PNG" "${measure[@]}" ffmpeg -v error -f rawvideo -pixel_format rgb24 \
            -video_size "${SIZE:-1280x720}" -i "$work/frames.rgb" "$work/out/%06d.png"
    fi
done
