// A recording played with its boxes: the film as it was recorded for those who may see it,
// else its anonymised frames one after the other.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { BoxView } from "../../components/boxview";
import { EmptyState, IconButton, Segmented, Select, Skeleton, Slider, Toggle } from "../../components/ui";
import { filmUrl, imageUrl, type FrameItem, type Schemas } from "../../api/client";
import { framePage, useMay } from "../../api/hooks";
import { dateAndTime, frameParams } from "../../app/address";
import { shownBoxes } from "../../app/frames";
import { quote } from "../../filter/clauses";
import { Overlay } from "./Overlay";
import { pageOf, PLAYER_PAGE } from "./playing";

type Recording = Schemas["RecordingDetail"];

export function Player({ recording }: { recording: Recording }) {
  const cameras = recording.cameras.map(({ camera }) => camera);
  const [camera, setCamera] = useState(cameras[0] ?? "");
  const mayRaw = useMay("see_raw");
  const hasFilm = mayRaw && recording.films.includes(camera);
  const [kind, setKind] = useState<"frames" | "film">("frames");
  const [isBoxed, setBoxed] = useState(true);
  const shown = hasFilm ? kind : "frames";
  const total = recording.cameras.find((one) => one.camera === camera)?.frames ?? 0;
  const filter = `recording = ${quote(recording.recording)} and camera = ${quote(camera)}`;
  return (
    <div>
      <div className="flex flex-wrap items-center gap-[10px] border-b border-line px-[12px] py-[8px]">
        <Select label="Camera" hideLabel value={camera} onChange={setCamera} options={cameras.map((name) => ({ value: name, label: name }))} />
        {hasFilm && (
          <Segmented
            label="What is played"
            value={kind}
            onChange={setKind}
            options={[
              { value: "frames", label: "Anonymised frames", icon: "shield" },
              { value: "film", label: "Film, raw", icon: "play" },
            ]}
          />
        )}
        <span className="flex-1" />
        <Toggle icon="box" isOn={isBoxed} onChange={setBoxed}>
          Boxes
        </Toggle>
      </div>
      {shown === "film" ? (
        <Film key={camera} recording={recording} camera={camera} filter={filter} total={total} isBoxed={isBoxed} />
      ) : (
        <Frames key={camera} filter={filter} total={total} isBoxed={isBoxed} seconds={recording.seconds} />
      )}
    </div>
  );
}

/** Frames of a camera around a place, and the next ones already. */
function useFrameAt(filter: string, place: number, total: number): FrameItem | undefined {
  const page = pageOf(place);
  const here = useQuery({ ...framePage(filter, page * PLAYER_PAGE, PLAYER_PAGE), staleTime: 60_000 });
  useQuery({ ...framePage(filter, (page + 1) * PLAYER_PAGE, PLAYER_PAGE), staleTime: 60_000, enabled: (page + 1) * PLAYER_PAGE < total });
  return here.data?.frames[place - page * PLAYER_PAGE];
}

interface FramesProps {
  filter: string;
  total: number;
  isBoxed: boolean;
  /** How long the drive is: it is played as fast as it was driven. */
  seconds: number;
}

function Frames({ filter, total, isBoxed, seconds }: FramesProps) {
  const [place, setPlace] = useState(0);
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<"0.5" | "1" | "2" | "4">("1");
  const frame = useFrameAt(filter, place, total);
  const rate = Math.min(25, seconds > 0 ? total / seconds : 1) * Number(speed);
  useEffect(() => {
    if (!isPlaying || frame === undefined) return;
    const timer = setTimeout(() => {
      if (place + 1 >= total) setPlaying(false);
      else setPlace(place + 1);
    }, 1000 / rate);
    return () => clearTimeout(timer);
  }, [frame, isPlaying, place, rate, total]);
  const boxes = useMemo(() => (frame === undefined || !isBoxed ? [] : shownBoxes(frame)), [frame, isBoxed]);
  return (
    <div>
      {frame === undefined ? (
        <Skeleton className="aspect-[1.6] w-full" />
      ) : frame.anonymized ? (
        <BoxView src={imageUrl(frame, "anonymized", 960)} alt={`${frame.camera} at ${dateAndTime(frame.taken_at)}`} width={frame.width} height={frame.height} boxes={boxes} />
      ) : (
        <EmptyState icon="shield" title="This frame has no anonymised copy yet" />
      )}
      <div className="flex flex-wrap items-center gap-[10px] border-t border-line px-[12px] py-[8px]">
        <IconButton icon={isPlaying ? "pause" : "play"} label={isPlaying ? "Pause" : "Play"} kind="primary" isDisabled={total < 2} onPress={() => (place + 1 >= total ? (setPlace(0), setPlaying(true)) : setPlaying(!isPlaying))} />
        <Slider label="Place in the drive" isBare min={0} max={Math.max(1, total - 1)} value={place} onChange={setPlace} className="min-w-[120px] flex-1" />
        <Segmented label="Speed" value={speed} onChange={setSpeed} options={[{ value: "0.5", label: "½×" }, { value: "1", label: "1×" }, { value: "2", label: "2×" }, { value: "4", label: "4×" }]} />
        {frame !== undefined && (
          <Link to="/frames/$recording/$camera/$sequence" params={frameParams(frame)} search={{ q: filter }} className="rounded-[5px] text-[12.5px] text-accent tabular-nums hover:underline">
            {dateAndTime(frame.taken_at).slice(11)} · #{frame.sequence}
          </Link>
        )}
      </div>
    </div>
  );
}

function Film({ recording, camera, filter, total, isBoxed }: { recording: Recording; camera: string; filter: string; total: number; isBoxed: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const [time, setTime] = useState(0);
  const [isBroken, setBroken] = useState(false);
  // As often as the screen is drawn, while it plays.
  useEffect(() => {
    let frame = requestAnimationFrame(function look() {
      const element = video.current;
      if (element !== null) setTime((old) => (Math.abs(old - element.currentTime) > 0.01 ? element.currentTime : old));
      frame = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <div className="relative bg-black">
      <video ref={video} src={filmUrl(recording.recording, camera)} controls muted playsInline preload="metadata" className="w-full" onError={() => setBroken(true)} aria-label={`Film of ${camera}`} />
      {isBoxed && !isBroken && <Overlay filter={filter} total={total} time={time} />}
      {isBroken && <p className="p-[16px] text-[13px] text-white">This browser cannot play the film: it may have been recorded as H.265.</p>}
    </div>
  );
}

