// The working page: one task, and when it is given the next.

import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { EmptyState, ErrorState, Icon, Spinner } from "../../components/ui";
import { partsOf } from "../../components/markdown";
import { labelling } from "../../api/labelling";
import { count } from "../../app/address";
import { LINK_BUTTON } from "../../app/Page";
import { useTitle } from "../../app/title";
import { Desk } from "./Desk";
import { useWork } from "./useWork";

const route = getRouteApi("/work/$job");

export function WorkPage() {
  const { job } = route.useParams();
  useTitle(job);
  const detail = useQuery({ queryKey: ["about", job], queryFn: ({ signal }) => labelling.about(job, signal), staleTime: 300_000 });
  const work = useWork(job);
  const { phase, out } = work;
  const back = (
    <Link to="/work" className={LINK_BUTTON.plain}>
      To all work
    </Link>
  );
  if (phase.kind === "task") {
    const instructions = partsOf(detail.data?.instructions ?? "");
    return <Desk key={`${phase.assignment.id}`} job={job} phase={phase} work={work} instructions={instructions} pictures={detail.data?.pictures ?? []} />;
  }
  return (
    <div className="grid h-full place-items-center">
      <div>
        <h1 className="sr-only">{job}</h1>
        {phase.kind === "coming" && <Spinner label="The next task comes" />}
        {phase.kind === "nothing" && (
          <EmptyState icon="check" title={`Nothing left for you in ${job}`} action={back}>
            Others may still be at theirs. Should a task be sent back to you, it is under Work.
          </EmptyState>
        )}
        {phase.kind === "waiting" && (
          <div role="status">
            <EmptyState icon="clock" title={out.answers > 0 ? "Your answer is kept here" : "The studio does not answer"} action={back}>
              {out.answers > 0
                ? `${count(out.answers, "answer")} will be sent as soon as the studio answers, and the next task comes then. You may close this page: what you did stays in this browser.`
                : "The next task comes as soon as it does. It is asked again all the time."}
            </EmptyState>
          </div>
        )}
        {phase.kind === "problem" && (
          <ErrorState title="There is no task" onRetry={() => void work.next()}>
            {phase.message}
          </ErrorState>
        )}
        {phase.kind !== "waiting" && out.answers > 0 && (
          <p className="flex items-center justify-center gap-[6px] text-[12.5px] text-warn">
            <Icon name="clock" size={14} /> {count(out.answers, "answer")} of other jobs still wait here
          </p>
        )}
      </div>
    </div>
  );
}
