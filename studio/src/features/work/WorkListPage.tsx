// What there is to label for who is here.

import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { Badge, EmptyState, ErrorState, Icon, Skeleton } from "../../components/ui";
import { Markdown } from "../../components/markdown";
import { labelling, pictureUrl, type WorkItem } from "../../api/labelling";
import { useMay } from "../../api/hooks";
import { count } from "../../app/address";
import { LINK_BUTTON, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { roughly } from "./timer";
import { useOutbox, WORK } from "./useOutbox";

export function WorkListPage() {
  useTitle("Work");
  const work = useQuery({ queryKey: [WORK, "list"], queryFn: ({ signal }) => labelling.work(signal), refetchInterval: 15_000, staleTime: 0 });
  const mayEdit = useMay("edit");
  const [, out] = useOutbox();
  const left = (work.data ?? []).reduce((sum, item) => sum + item.left_for_me, 0);
  return (
    <Page title="Work" about={work.data && (left === 0 ? "Nothing to do now" : `${count(left, "task")} for you`)}>
      {out.answers > 0 && (
        <p role="status" className="mb-[14px] flex items-center gap-[8px] rounded-[8px] bg-warn-wash px-[14px] py-[9px] text-[13px] text-warn">
          <Icon name="clock" /> {`${count(out.answers, "answer")} given and kept in this browser, sent as soon as the studio answers.`}
        </p>
      )}
      {work.isError ? (
        <ErrorState title="The work cannot be listed" onRetry={() => void work.refetch()} isRetrying={work.isFetching}>
          {work.error.message}
        </ErrorState>
      ) : work.data === undefined ? (
        <Skeleton className="h-[180px]" />
      ) : work.data.length === 0 ? (
        <EmptyState icon="check" title="There is nothing to label" action={mayEdit ? <Link to="/jobs/new" search={{}} className={LINK_BUTTON.plain}>New job</Link> : undefined}>
          {mayEdit ? "A labelling job gives frames to people." : "As soon as there are tasks for you, they are here."}
        </EmptyState>
      ) : (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,380px),1fr))] gap-[14px]">
          {work.data.map((item) => (
            <Job key={item.job} item={item} />
          ))}
        </ul>
      )}
    </Page>
  );
}

const PURPOSES = { draw: "draw boxes", verify: "say whether boxes are good", adjust: "correct boxes" };

function Job({ item }: { item: WorkItem }) {
  const isOpen = item.state === "open" && item.left_for_me + item.sent_back > 0;
  return (
    <li className="flex flex-col rounded-[10px] border border-line bg-card p-[16px]">
      <div className="flex flex-wrap items-center gap-[8px]">
        <h2 className="min-w-0 text-[15px] font-semibold wrap-anywhere">{item.job}</h2>
        <Badge>{PURPOSES[item.purpose]}</Badge>
        {item.sent_back > 0 && <Badge tone="warn" icon="refresh">{`${item.sent_back} sent back to you`}</Badge>}
        {item.state !== "open" && <Badge>{item.state}</Badge>}
      </div>
      <div className="min-h-[44px] flex-1 py-[10px]">
        {item.short === "" ? <p className="text-[13px] text-soft">No instructions.</p> : <Markdown text={item.short} sourceOf={(name) => pictureUrl(item.job, name)} />}
      </div>
      <div className="flex items-center gap-[12px] border-t border-line pt-[12px]">
        <p className="min-w-0 flex-1 text-[12.5px] text-soft tabular-nums">
          <span className="text-ink">{count(item.left_for_me, "task")}</span> left for you, {item.mine_done.toLocaleString("en")} done
          {item.seconds_per_task != null && `, about ${roughly(item.seconds_per_task)} each`}
        </p>
        {isOpen ? (
          <Link to="/work/$job" params={{ job: item.job }} className={LINK_BUTTON.primary}>
            {item.mine_done > 0 || item.sent_back > 0 ? "Go on" : "Begin"} <span className="sr-only">with {item.job}</span> <Icon name="chevronRight" size={14} />
          </Link>
        ) : (
          <span className="text-[12.5px] text-soft">all done</span>
        )}
      </div>
    </li>
  );
}
