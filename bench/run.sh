#!/usr/bin/env bash
# `make bench`: roadloop and its Python peers on the same recording, one after
# the other. FRAMES, SIZE, JOBS and PROFILE (release, demo) may be set; LONG=1
# adds a 3 GB recording.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FRAMES="${FRAMES:-200}"
SIZE="${SIZE:-1280x720}"
JOBS="${JOBS:-$(nproc)}"
PROFILE="${PROFILE:-release}"

target="$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"
work="$target/bench"
mkdir -p "$work"

cargo build --profile "$PROFILE" --package roadloop-app
roadloop="$target/$PROFILE/roadloop"
python="$work/venv/bin/python"
if ! "$python" -c 'import cv2, rosbags, onnxruntime, mcap' 2>/dev/null; then
    python3 -m venv "$work/venv"
    "$python" -m pip install --quiet --requirement bench/requirements.txt
fi
export ORT_DYLIB_PATH="${ORT_DYLIB_PATH:-$(echo "$work"/venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*)}"

echo "== machine"
grep -m1 'model name' /proc/cpuinfo || uname -m
echo "$(nproc) cores, $JOBS jobs"

echo "== extraction: $FRAMES frames of $SIZE"
bag="$work/raw-$FRAMES-$SIZE.bag"
[ -f "$bag" ] || "$python" bench/make_bag.py "$bag" --frames "$FRAMES" --size "$SIZE"
cat "$bag" >/dev/null # everybody reads it from memory
rm -rf "$work/extract" "$work/opencv" "$work/pillow"
"$python" bench/measure.py --count "$FRAMES" \
    "$roadloop" --workspace "$work/extract" --jobs "$JOBS" --quiet run "$bag" --stages extract
"$python" bench/extract_peer.py "$bag" --out "$work/opencv" --with opencv --threads "$JOBS"
"$python" bench/extract_peer.py "$bag" --out "$work/pillow" --with pillow --threads "$JOBS"
"$python" bench/extract_peer.py "$bag" --check "$work/extract/images"

echo "== detection: the same frames, with NanoDet"
"$python" bench/measure.py --count "$FRAMES" \
    "$roadloop" --workspace "$work/extract" --jobs "$JOBS" --quiet run "$bag" --stages detect
"$python" bench/detect_peer.py "$work/extract/images" --workers 1 --threads "$JOBS"
"$python" bench/detect_peer.py "$work/extract/images" --workers "$JOBS" --threads 1

echo "== the whole run, with times per stage"
rm -rf "$work/whole"
"$python" bench/measure.py --count "$FRAMES" \
    "$roadloop" --workspace "$work/whole" --jobs "$JOBS" --progress none run "$bag"

if [ -n "${LONG:-}" ]; then
    echo "== memory on a long recording"
    long="$work/long-$SIZE.bag"
    frames=$((3000000000 / (3 * ${SIZE%x*} * ${SIZE#*x}) + 1))
    [ -f "$long" ] || "$python" bench/make_bag.py "$long" --frames "$frames" --size "$SIZE"
    rm -rf "$work/long"
    "$python" bench/measure.py --count "$frames" \
        "$roadloop" --workspace "$work/long" --jobs "$JOBS" --progress none run "$long"
fi
