// One version of a dataset: what it is of, how it is split, and what is on its images.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { useShortcut } from "../../components/shell";
import { Badge, cx, ErrorState, Icon, Select, Skeleton, Tabs } from "../../components/ui";
import type { DatasetCard } from "../../api/datasets";
import { count } from "../../app/address";
import { usePageKeys, type KeyRow } from "../../app/keys";
import { LINK_BUTTON, Page } from "../../app/Page";
import type { DatasetView } from "../../app/router";
import { useTitle } from "../../app/title";
import { Changes } from "./Changes";
import { Checks } from "./Checks";
import { Export } from "./Export";
import { Images } from "./Images";
import { Overview } from "./Overview";
import { Pictures } from "./Pictures";
import { useCard, useChecks } from "./queries";
import { number, percent } from "./words";

const route = getRouteApi("/datasets/$name/$version");

export const TABS = ["overview", "pictures", "images", "checks", "changes", "export"] as const;
export type Tab = (typeof TABS)[number];

const KEYS: readonly KeyRow[] = [
  { keys: ["1", "6"], does: "overview, pictures, images, checks, changes, export" },
  { keys: ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"], does: "from image to image" },
  { keys: ["Enter"], does: "open the image" },
  { keys: ["J"], does: "the version before" },
  { keys: ["K"], does: "the version after" },
];

export function DatasetPage() {
  const { name, version: text } = route.useParams();
  const version = Number(text);
  useTitle(`${name}@${text}`);
  const found = useCard(name, version);
  if (found.isError) {
    return (
      <Page title={`${name}@${text}`} actions={<Link to="/datasets" className={LINK_BUTTON.plain}>All datasets</Link>}>
        <ErrorState title="This dataset cannot be shown" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error.message}
        </ErrorState>
      </Page>
    );
  }
  if (found.data === undefined) {
    return (
      <Page title={`${name}@${text}`}>
        <Skeleton className="h-[320px]" />
      </Page>
    );
  }
  return <Version key={`${name}@${text}`} card={found.data} />;
}

function Version({ card }: { card: DatasetCard }) {
  const { name, version, versions, counts, classes } = card;
  const view = route.useSearch();
  const navigate = useNavigate();
  const tab = TABS.find((tab) => tab === view.tab) ?? "overview";
  const checks = useChecks(name, version, view);
  const loud = checks.data?.findings.filter(({ severity }) => severity !== "note").length;
  const set = useCallback(
    (change: DatasetView) => void navigate({ to: "/datasets/$name/$version", params: { name, version: String(version) }, search: (old) => ({ ...old, ...change }), replace: change.tab === undefined }),
    [name, navigate, version],
  );
  const go = (to: number | undefined) => to !== undefined && void navigate({ to: "/datasets/$name/$version", params: { name, version: String(to) }, search: { tab: view.tab } });
  const sorted = [...versions].sort((a, b) => a - b);
  const place = sorted.indexOf(version);
  useShortcut("j", () => go(sorted[place - 1]));
  useShortcut("k", () => go(sorted[place + 1]));
  useTabKeys((at) => {
    const to = TABS[at];
    if (to !== undefined) set({ tab: to });
  });
  usePageKeys("Dataset", KEYS);
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-[10px]">
          {name} <Badge tone={version === sorted.at(-1) ? "accent" : "neutral"}>{`version ${version}`}</Badge>
          {version !== sorted.at(-1) && <Badge tone="warn">not the newest</Badge>}
        </span>
      }
      about={`${count(counts.images, "image")}, ${count(counts.boxes, "box", "boxes")}, ${count(classes.length, "class", "classes")}`}
      actions={
        <>
          <Select label="Version" hideLabel value={String(version)} onChange={(to) => go(Number(to))} options={[...sorted].reverse().map((number, at) => ({ value: String(number), label: `version ${number}`, ...(at === 0 && { detail: "newest" }) }))} className="w-[150px]" />
          <Link to="/datasets" className={LINK_BUTTON.plain}>
            All datasets
          </Link>
        </>
      }
    >
      <div className="flex flex-col gap-[16px]">
        <Warnings warnings={card.warnings} />
        <Tiles counts={counts} isFirst={tab === "overview"} />
        <Tabs
          label="About this dataset"
          selected={tab}
          onSelect={(tab) => set({ tab })}
          tabs={[
            { key: "overview", label: "Overview", content: <Overview card={card} onClass={(name) => set({ tab: "images", class: name, split: undefined, state: undefined, only: undefined })} /> },
            { key: "pictures", label: "Pictures", content: <Pictures card={card} /> },
            { key: "images", label: "Images", count: counts.images, content: <Images card={card} view={view} onView={set} /> },
            { key: "checks", label: "Checks", ...(loud !== undefined && { count: loud }), content: <Checks card={card} view={view} onView={set} /> },
            { key: "changes", label: "Changes", content: <Changes card={card} from={view.from} onFrom={(from) => set({ from })} /> },
            { key: "export", label: "Export", content: <Export card={card} /> },
          ]}
        />
      </div>
    </Page>
  );
}

/** What people should know who train on it. */
function Warnings({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <section aria-label="Warnings" className="rounded-[10px] border border-warn/40 bg-warn-wash px-[14px] py-[10px] text-[13px] text-warn">
      <ul className="flex flex-col gap-[4px]">
        {warnings.map((warning) => (
          <li key={warning} className="flex gap-[8px]">
            <span className="pt-[2px]">
              <Icon name="alert" size={14} />
            </span>
            <span className="min-w-0 wrap-anywhere">{warning}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A narrow screen has no room for them above what else is looked at. */
function Tiles({ counts, isFirst }: { counts: DatasetCard["counts"]; isFirst: boolean }) {
  // Of none there is no share worth a number.
  const shareOf = (images: number) => (images === 0 ? undefined : percent(images, counts.images));
  const tiles: [string, string, string?][] = [
    ["images", number(counts.images)],
    ["boxes", number(counts.boxes)],
    ["boxes an image", counts.images === 0 ? "–" : (counts.boxes / counts.images).toFixed(1)],
    ["with nothing on them", number(counts.empty), shareOf(counts.empty)],
    ["nobody looked at", number(counts.unlabelled), shareOf(counts.unlabelled)],
    ["for training", number(counts.splits.train?.images ?? 0), shareOf(counts.splits.train?.images ?? 0)],
  ];
  return (
    <dl className={cx("grid grid-cols-[repeat(auto-fit,minmax(150px,1fr))] gap-[10px] max-sm:grid-cols-3 max-sm:gap-[6px]", !isFirst && "max-sm:hidden")}>
      {tiles.map(([what, value, share]) => (
        <div key={what} className="flex flex-col-reverse rounded-[10px] border border-line bg-card px-[14px] py-[10px] max-sm:justify-end max-sm:px-[9px] max-sm:py-[6px]">
          <dt className="text-[12px] text-soft max-sm:text-[11px]">{what}</dt>
          <dd className="flex items-baseline gap-[8px] text-[20px] font-semibold tabular-nums max-sm:text-[16px]">
            {value}
            {share !== undefined && <span className="text-[12px] font-normal text-soft max-sm:hidden">{share}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function useTabKeys(run: (at: number) => void): void {
  // Always as many, for hooks are never more or fewer.
  for (let at = 0; at < TABS.length; at += 1) useShortcut(`${at + 1}`, () => run(at));
}
