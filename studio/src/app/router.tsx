// Which page an address is.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, Navigate, Outlet, useLocation, useNavigate, useRouter } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { AppShell, type NavItem } from "../components/shell";
import { EmptyState, ErrorState, Icon, Spinner, ToastRegion } from "../components/ui";
import { answer, client, Problem } from "../api/client";
import { framePage, GRID_PAGE, queries, useLiveCatalog, useMe } from "../api/hooks";
import { Account } from "./Account";
import { parseAddress, viewOf, writeAddress } from "./address";
import { KeySheet } from "./KeySheet";
import { LINK_BUTTON } from "./Page";
import { useSetting } from "./settings";
import { useTitle } from "./title";
import { useFocusOfPages } from "./focus";

// Who is at home here never sees these.
const LoginPage = lazy(async () => ({ default: (await import("../features/people/LoginPage")).LoginPage }));
const InvitePage = lazy(async () => ({ default: (await import("../features/people/InvitePage")).InvitePage }));
const NothingToSee = lazy(async () => ({ default: (await import("../features/people/InvitePage")).NothingToSee }));

const NAV: NavItem[] = [
  { key: "catalog", label: "Catalog", icon: "grid", href: "/" },
  { key: "recordings", label: "Recordings", icon: "folder", href: "/recordings" },
  { key: "check", label: "Anonymisation", icon: "shield", href: "/check" },
  { key: "evaluation", label: "Evaluation", icon: "chart", href: "/evaluation" },
  { key: "jobs", label: "Jobs", icon: "box", href: "/jobs" },
  { key: "datasets", label: "Datasets", icon: "layers", href: "/datasets" },
];

const WORK: NavItem = { key: "work", label: "Work", icon: "edit", href: "/work" };

const PEOPLE: NavItem = { key: "people", label: "People", icon: "user", href: "/people", isLow: true };

function Studio() {
  const me = useMe();
  const navigate = useNavigate();
  const router = useRouter();
  const path = useLocation({ select: (location) => location.pathname });
  const [isCollapsed, setCollapsed] = useSetting("rail", false);
  useFocusOfPages(path);
  const enter = () => {
    void queries.resetQueries();
    void navigate({ to: path === "/invite" ? "/" : ".", replace: true });
  };
  if (path === "/invite") return <Suspense><InvitePage onDone={enter} /></Suspense>;
  if (me.error instanceof Problem && me.error.status === 401) return <Suspense><LoginPage onDone={enter} /></Suspense>;
  if (me.isError) {
    return (
      <div className="grid h-full place-items-center">
        <ErrorState title="The studio cannot be entered" onRetry={() => void me.refetch()} isRetrying={me.isFetching}>
          {me.error.message}
        </ErrorState>
      </div>
    );
  }
  if (me.data === undefined) {
    return (
      <div className="grid h-full place-items-center">
        <Spinner label="The studio opens" />
      </div>
    );
  }
  const { name, role, permissions } = me.data;
  const first = path.split("/")[1] ?? "";
  const active = first === "" || first === "frames" ? "catalog" : first;
  const [maySee, mayLabel] = [permissions.includes("see"), permissions.includes("label")];
  const nav = [...(maySee ? NAV : []), ...(mayLabel ? [WORK] : []), ...(role == null ? [] : [PEOPLE])];
  const isOpen = maySee || active === "people" || (mayLabel && active === "work");
  return (
    <AriaRouter navigate={(href) => void router.navigate({ href })}>
      <AppShell
        brand={<Brand />}
        brandMark={<Mark />}
        nav={nav}
        active={active}
        onNavigate={(item) => void navigate({ href: item.href })}
        isCollapsed={isCollapsed}
        onCollapse={setCollapsed}
        foot={<Account name={name} isCollapsed={isCollapsed} onLogOut={role == null ? null : () => void logOut()} />}
      >
        {maySee && <Live />}
        {/* Who only labels begins with the work there is. */}
        {isOpen ? <Outlet /> : mayLabel && active === "catalog" ? <Navigate to="/work" replace /> : <Suspense><NothingToSee role={role ?? null} mayLabel={mayLabel} /></Suspense>}
      </AppShell>
      <KeySheet />
      <ToastRegion />
    </AriaRouter>
  );
}

async function logOut() {
  await answer(client.DELETE("/api/v1/session"));
  window.location.assign("/");
}

function Live() {
  const isGone = useLiveCatalog();
  if (!isGone) return null;
  return (
    <p role="status" className="flex items-center justify-center gap-[8px] border-b border-warn/40 bg-warn-wash px-[12px] py-[5px] text-[12.5px] text-warn">
      <Icon name="alert" size={14} /> The studio does not answer. What is shown may be old; it is asked again all the time.
    </p>
  );
}

function Mark() {
  return <img src="/favicon.svg" alt="roadloop" className="size-[18px]" />;
}

function Brand() {
  return (
    <span className="flex items-center gap-[9px]">
      <img src="/favicon.svg" alt="" className="size-[18px]" /> roadloop
    </span>
  );
}

function NoPage() {
  useTitle("No such page");
  return (
    <>
      <h1 className="sr-only">No such page</h1>
      <EmptyState icon="search" title="There is no such page" action={<Link to="/" className={LINK_BUTTON.plain}>To the catalog</Link>}>
        The address may have been cut off where it was copied.
      </EmptyState>
    </>
  );
}

const root = createRootRoute({
  component: Studio,
  errorComponent: ({ error, reset }) => (
    <ErrorState title="This page broke" onRetry={reset}>
      {error instanceof Error ? error.message : String(error)}
    </ErrorState>
  ),
  notFoundComponent: NoPage,
});

// Each page is a file of its own, that comes when it is first looked at.
const catalog = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../features/catalog/CatalogPage"), "CatalogPage"),
  validateSearch: viewOf,
  loaderDeps: ({ search }) => ({ filter: search.q ?? "" }),
  // The frames are asked for before anything else, and while the page itself still comes.
  loader: ({ deps }) => void queries.prefetchQuery(framePage(deps.filter, 0, GRID_PAGE)),
});
const frame = createRoute({
  getParentRoute: () => root,
  path: "/frames/$recording/$camera/$sequence",
  component: lazyRouteComponent(() => import("../features/frame/FramePage"), "FramePage"),
  validateSearch: viewOf,
});
const recordings = createRoute({
  getParentRoute: () => root,
  path: "/recordings",
  component: lazyRouteComponent(() => import("../features/recordings/RecordingsPage"), "RecordingsPage"),
});
const recording = createRoute({
  getParentRoute: () => root,
  path: "/recordings/$recording",
  component: lazyRouteComponent(() => import("../features/recordings/RecordingPage"), "RecordingPage"),
});
const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  component: lazyRouteComponent(() => import("../features/people/PeoplePage"), "PeoplePage"),
});
// Shown in the place of everything else.
const invite = createRoute({ getParentRoute: () => root, path: "/invite" });
const evaluation = createRoute({
  getParentRoute: () => root,
  path: "/evaluation",
  component: lazyRouteComponent(() => import("../features/evaluation/EvaluationPage"), "EvaluationPage"),
  validateSearch: (search: Record<string, unknown>): { q?: string | undefined } => (typeof search["q"] === "string" ? { q: search["q"] } : {}),
});
const check = createRoute({
  getParentRoute: () => root,
  path: "/check",
  component: lazyRouteComponent(() => import("../features/check/CheckPage"), "CheckPage"),
  validateSearch: (search: Record<string, unknown>): { recording?: string | undefined } => (typeof search["recording"] === "string" ? { recording: search["recording"] } : {}),
});
const textOf = (search: Record<string, unknown>, name: string) => (typeof search[name] === "string" && search[name] !== "" ? search[name] : undefined);
const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  component: lazyRouteComponent(() => import("../features/jobs/JobsPage"), "JobsPage"),
});
const newJob = createRoute({
  getParentRoute: () => root,
  path: "/jobs/new",
  component: lazyRouteComponent(() => import("../features/jobs/NewJobPage"), "NewJobPage"),
  validateSearch: (search: Record<string, unknown>): { filter?: string | undefined; purpose?: string | undefined; of?: string | undefined } => ({ filter: textOf(search, "filter"), purpose: textOf(search, "purpose"), of: textOf(search, "of") }),
});
/** Which of a job's tasks are listed, and in which order: a link to a task keeps it. */
export interface TaskView {
  state?: string | undefined;
  flagged?: string | undefined;
  order?: string | undefined;
}
const taskView = (search: Record<string, unknown>): TaskView => ({ state: textOf(search, "state"), flagged: textOf(search, "flagged"), order: textOf(search, "order") });
const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$job",
  component: lazyRouteComponent(() => import("../features/jobs/JobPage"), "JobPage"),
  validateSearch: taskView,
});
const task = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$job/tasks/$number",
  component: lazyRouteComponent(() => import("../features/jobs/ReviewPage"), "ReviewPage"),
  validateSearch: taskView,
});
const datasets = createRoute({
  getParentRoute: () => root,
  path: "/datasets",
  component: lazyRouteComponent(() => import("../features/datasets/DatasetsPage"), "DatasetsPage"),
});
/** What of a dataset is shown, and which of its images: a link to an image keeps it. */
export interface DatasetView {
  tab?: string | undefined;
  split?: string | undefined;
  class?: string | undefined;
  /** `labelled`, `empty`, `unlabelled` */
  state?: string | undefined;
  /** `findings`: those that checks name. */
  only?: string | undefined;
  /** The version that this one is held against. */
  from?: string | undefined;
  /** `all`: checks read all images. */
  images?: string | undefined;
}
const datasetView = (search: Record<string, unknown>): DatasetView => ({ tab: textOf(search, "tab"), split: textOf(search, "split"), class: textOf(search, "class"), state: textOf(search, "state"), only: textOf(search, "only"), from: textOf(search, "from"), images: textOf(search, "images") });
const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$name/$version",
  component: lazyRouteComponent(() => import("../features/datasets/DatasetPage"), "DatasetPage"),
  validateSearch: datasetView,
});
const sample = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$name/$version/images/$image",
  component: lazyRouteComponent(() => import("../features/datasets/SamplePage"), "SamplePage"),
  validateSearch: datasetView,
});
const workList = createRoute({
  getParentRoute: () => root,
  path: "/work",
  component: lazyRouteComponent(() => import("../features/work/WorkListPage"), "WorkListPage"),
});
const work = createRoute({
  getParentRoute: () => root,
  path: "/work/$job",
  component: lazyRouteComponent(() => import("../features/work/WorkPage"), "WorkPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([catalog, frame, recordings, recording, people, invite, check, evaluation, jobs, newJob, job, task, datasets, dataset, sample, workList, work]),
  parseSearch: parseAddress,
  stringifySearch: writeAddress,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
