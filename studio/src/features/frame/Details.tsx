// What is known of a frame besides its boxes.

import type { ReactNode } from "react";
import type { FrameDetail } from "../../api/client";
import { inUtc } from "../../app/address";

export function Details({ frame }: { frame: FrameDetail }) {
  const { position } = frame;
  const attached = Object.entries(frame.attached);
  const models = [...new Set(frame.boxes.map((box) => box.model))];
  return (
    <div className="px-[14px] py-[10px]">
      <Facts>
        <Fact name="Taken at">{inUtc(frame.taken_at)}</Fact>
        {!frame.stamp.startsWith("1970") && <Fact name="Header's stamp">{inUtc(frame.stamp)}</Fact>}
        <Fact name="Topic">{frame.topic}</Fact>
        <Fact name="Image">
          {frame.width} × {frame.height}, {frame.encoding}
        </Fact>
        <Fact name="Brightness">{frame.brightness.toFixed(1)}</Fact>
        <Fact name="Sharpness">{frame.sharpness.toFixed(1)}</Fact>
        {position != null && (
          <Fact name="Position">
            {position.latitude.toFixed(6)}, {position.longitude.toFixed(6)}
            {position.altitude != null && `, ${position.altitude.toFixed(1)} m`}
          </Fact>
        )}
        {models.length > 0 && <Fact name="Models">{models.join(", ")}</Fact>}
      </Facts>
      {attached.length > 0 && (
        <>
          <h3 className="pt-[14px] pb-[4px] text-[12px] font-semibold text-soft">Attached</h3>
          <Facts>
            {attached.map(([name, value]) => (
              <Fact key={name} name={name}>
                {value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value)}
              </Fact>
            ))}
          </Facts>
        </>
      )}
    </div>
  );
}

function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[104px_minmax(0,1fr)] gap-x-[10px] gap-y-[5px] text-[12.5px]">{children}</dl>;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="truncate text-soft" title={name}>
        {name}
      </dt>
      <dd className="wrap-anywhere tabular-nums">{children}</dd>
    </>
  );
}
