import { useState, type ReactNode } from "react";
import {
  Badge, Button, Checkbox, Chip, Dialog, EmptyState, ErrorState, Icon, ICON_NAMES, IconButton, Menu, Popover, ProgressBar, RangeSlider,
  Segmented, Select, Skeleton, Slider, Spinner, Table, Tabs, TextField, toasts, Toggle, Tooltip, type Sort,
} from "./components/ui";

export function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 rounded-[10px] border border-line bg-card">
      <h2 className="border-b border-line px-[14px] py-[9px] text-[13px] font-semibold">{title}</h2>
      <div className="p-[14px]">{children}</div>
    </section>
  );
}

const Row = ({ children }: { children: ReactNode }) => <div className="mb-[12px] flex flex-wrap items-center gap-[8px] last:mb-0">{children}</div>;
const percent = (value: number) => `${Math.round(value * 100)} %`;

const RUNS = [
  { name: "drive-2026-05-04", frames: 41_236, size: "3.1 GB", state: "done" },
  { name: "drive-2026-05-05", frames: 18_020, size: "1.4 GB", state: "running" },
  { name: "night-loop-b", frames: 6_411, size: "482 MB", state: "failed" },
] as const;

export function UiPage() {
  const [dialog, setDialog] = useState<"plain" | "must" | null>(null);
  const [text, setText] = useState("camera__front");
  const [select, setSelect] = useState<"small" | "medium" | "large">("medium");
  const [slide, setSlide] = useState(0.35);
  const [range, setRange] = useState<[number, number]>([0.2, 0.8]);
  const [view, setView] = useState<"grid" | "map" | "table">("grid");
  const [isOn, setIsOn] = useState(true);
  const [checks, setChecks] = useState([true, false]);
  const [tab, setTab] = useState<"frames" | "boxes" | "log">("frames");
  const [sort, setSort] = useState<Sort>({ column: "frames", direction: "descending" });
  const [isBusy, setIsBusy] = useState(false);
  const [chips, setChips] = useState(["night_drive", "rain", "check again"]);
  const sorted = [...RUNS].sort((a, b) => (sort.column === "name" ? a.name.localeCompare(b.name) : a.frames - b.frames) * (sort.direction === "ascending" ? 1 : -1));
  return (
    <div className="mx-auto grid max-w-[1240px] grid-cols-1 gap-[14px] p-[14px] min-[900px]:grid-cols-2">
      <Card title="Buttons">
        <Row>
          <Button kind="primary" icon="plus">New job</Button>
          <Button icon="download">Export</Button>
          <Button kind="quiet" icon="refresh">Refresh</Button>
          <Button kind="danger" icon="trash">Delete</Button>
        </Row>
        <Row>
          <Button kind="primary" isBusy={isBusy} onPress={() => { setIsBusy(true); setTimeout(() => setIsBusy(false), 1500); }}>Save</Button>
          <Button kind="primary" isBusy>Saving</Button>
          <Button isDisabled>Not now</Button>
          <Button size="small">Small</Button>
          <Button size="small" kind="quiet" icon="copy">Copy</Button>
          <IconButton icon="settings" label="Settings" />
          <IconButton icon="more" label="More" shortcut="M" />
        </Row>
        <Row>
          <Toggle icon="box" isOn={isOn} onChange={setIsOn}>Boxes</Toggle>
          <Toggle icon="shield" isOn={!isOn} onChange={(on) => setIsOn(!on)}>Anonymised</Toggle>
          <Segmented label="View" value={view} onChange={setView} options={[{ value: "grid", label: "Grid", icon: "grid" }, { value: "map", label: "Map", icon: "map" }, { value: "table", label: "Table" }]} />
        </Row>
        <Row>
          <Menu
            label="Actions"
            trigger={<Button iconAfter="chevronDown">Actions</Button>}
            sections={[[{ key: "tag", label: "Tag…", icon: "tag", shortcut: "T" }, { key: "export", label: "Export…", icon: "download" }], [{ key: "delete", label: "Delete", icon: "trash", isDanger: true }]]}
            onAction={(key) => toasts.show({ title: `Chose ${key}` })}
          />
          <Popover label="About boxes" trigger={<Button>Popover</Button>}>
            <p className="max-w-[220px]">Boxes below the bound are kept in the catalog, and only not drawn.</p>
          </Popover>
          <Tooltip text="Words on hover and on focus"><Button kind="quiet">Tooltip</Button></Tooltip>
          <Button onPress={() => setDialog("plain")}>Dialog…</Button>
          <Button kind="danger" onPress={() => setDialog("must")}>Must answer…</Button>
        </Row>
        <Row>
          <Button size="small" onPress={() => toasts.show({ title: "Tagged 24 frames", tone: "good", action: { label: "Undo", run: () => undefined } })}>Good message</Button>
          <Button size="small" onPress={() => toasts.show({ title: "The export stopped", text: "The disk is full after 12 of 40 files. Free some room, then start it again.", tone: "bad" })}>Bad message</Button>
        </Row>
      </Card>
      <Card title="Fields">
        <div className="grid gap-[12px] min-[480px]:grid-cols-2">
          <TextField label="Camera" value={text} onChange={setText} help="As it is called in the recording" />
          <TextField label="Name" value="night crowds!" onChange={setText} error="Letters, digits, _ and - only" isRequired />
          <TextField label="Search" type="search" icon="search" placeholder="Search drives" value="" onChange={setText} />
          <Select label="Model" value={select} onChange={setSelect} options={[{ value: "small", label: "Small", detail: "4 ms" }, { value: "medium", label: "Medium", detail: "11 ms" }, { value: "large", label: "Large", detail: "38 ms" }]} />
          <Slider label="Confidence" value={slide} onChange={setSlide} format={percent} />
          <RangeSlider label="Brightness" value={range} onChange={setRange} format={percent} />
          <TextField label="Note" lines={2} value="" placeholder="What is odd about it?" onChange={setText} />
          <div className="flex flex-col gap-[8px] pt-[18px]">
            <Checkbox isChecked={checks[0] ?? false} onChange={(on) => setChecks([on, checks[1] ?? false])}>Keep the originals</Checkbox>
            <Checkbox isChecked={false} isMixed={checks[0] !== checks[1]} onChange={(on) => setChecks([on, on])}>All cameras</Checkbox>
            <Checkbox isChecked={false} isDisabled onChange={() => undefined}>Not here</Checkbox>
          </div>
        </div>
      </Card>
      <Card title="Table and tabs">
        <Tabs
          label="Recordings"
          selected={tab}
          onSelect={setTab}
          tabs={[
            {
              key: "frames", label: "Recordings", count: RUNS.length,
              content: (
                <Table
                  label="Recordings"
                  rows={sorted}
                  keyOf={(row) => row.name}
                  sort={sort}
                  onSort={setSort}
                  columns={[
                    { key: "name", title: "Recording", isSortable: true, cell: (row) => <span className="font-medium">{row.name}</span> },
                    { key: "frames", title: "Frames", isNumber: true, isSortable: true, cell: (row) => row.frames.toLocaleString("en") },
                    { key: "size", title: "Size", isNumber: true, cell: (row) => row.size },
                    { key: "state", title: "State", cell: (row) => <Badge tone={row.state === "done" ? "good" : row.state === "failed" ? "bad" : "accent"}>{row.state}</Badge> },
                  ]}
                />
              ),
            },
            { key: "boxes", label: "Boxes", count: 123_456, content: <EmptyState icon="box" title="No box yet">Nobody has looked at these frames. Start a detection, and they come here.</EmptyState> },
            { key: "log", label: "Log", content: <Skeleton className="h-[90px]" /> },
          ]}
        />
      </Card>
      <Card title="States">
        <Row>
          <Badge>queued</Badge><Badge tone="accent" icon="play">running</Badge><Badge tone="good" icon="check">done</Badge><Badge tone="warn" icon="alert">3 skipped</Badge><Badge tone="bad">failed</Badge>
          <Spinner label="Loading" />
        </Row>
        <Row>{chips.map((chip) => <Chip key={chip} colour="#4cc2ff" onRemove={() => setChips(chips.filter((other) => other !== chip))}>{chip}</Chip>)}</Row>
        <div className="grid gap-[12px]">
          <ProgressBar label="Reading drive-2026-05-05" value={0.634} valueText="11 424 of 18 020" />
          <ProgressBar label="Waiting for a worker" value={null} />
        </div>
        <div className="mt-[14px] grid gap-[8px]" aria-busy="true">
          <Skeleton className="h-[14px] w-[60%]" /><Skeleton className="h-[14px] w-[85%]" /><Skeleton className="h-[14px] w-[40%]" />
        </div>
      </Card>
      <Card title="Nothing there"><EmptyState icon="camera" title="No recording yet" action={<Button kind="primary" icon="upload">Add a recording</Button>}>Recordings are .mcap, .db3 and .bag files. Drop one here, or name a folder.</EmptyState></Card>
      <Card title="Something failed"><ErrorState title="The frames cannot be read" onRetry={() => undefined}>The studio does not answer. Is it running? The page asks again when you do.</ErrorState></Card>
      <Card title="Icons">
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(88px,1fr))] gap-[6px]">
          {ICON_NAMES.map((name) => <li key={name} className="flex flex-col items-center gap-[4px] py-[6px] text-[11px] text-soft"><span className="text-ink"><Icon name={name} /></span>{name}</li>)}
        </ul>
      </Card>
      <Dialog
        isOpen={dialog !== null}
        onClose={() => setDialog(null)}
        mustAnswer={dialog === "must"}
        title={dialog === "must" ? "Delete 24 frames?" : "Save this selection"}
        actions={<><Button onPress={() => setDialog(null)}>Cancel</Button><Button kind={dialog === "must" ? "danger" : "primary"} onPress={() => setDialog(null)}>{dialog === "must" ? "Delete" : "Save"}</Button></>}
      >
        {dialog === "must" ? <p>They go from the catalog and from the store. This cannot be undone.</p> : <div className="pt-[6px]"><TextField label="Name" value="night-crowds" onChange={() => undefined} autoFocus /></div>}
      </Dialog>
    </div>
  );
}
