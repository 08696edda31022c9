// Which page an address is.

import { createRootRoute, createRoute, createRouter, Outlet, useLocation, useNavigate, useRouter } from "@tanstack/react-router";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { AppShell, ThemeToggle, type NavItem } from "../components/shell";
import { EmptyState, ErrorState, Spinner, ToastRegion } from "../components/ui";
import { useLiveCatalog, useMe } from "../api/hooks";
import { CatalogPage } from "../features/catalog/CatalogPage";
import { CheckPage } from "../features/check/CheckPage";
import { FramePage } from "../features/frame/FramePage";
import { RecordingPage } from "../features/recordings/RecordingPage";
import { RecordingsPage } from "../features/recordings/RecordingsPage";
import { parseAddress, viewOf, writeAddress } from "./address";
import { useSetting } from "./settings";

const NAV: NavItem[] = [
  { key: "catalog", label: "Catalog", icon: "grid", href: "/" },
  { key: "recordings", label: "Recordings", icon: "folder", href: "/recordings" },
  { key: "check", label: "Anonymisation", icon: "shield", href: "/check" },
];

function Studio() {
  const me = useMe();
  const navigate = useNavigate();
  const router = useRouter();
  const path = useLocation({ select: (location) => location.pathname });
  const [isCollapsed, setCollapsed] = useSetting("rail", false);
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
  const active = path.startsWith("/recordings") ? "recordings" : path.startsWith("/check") ? "check" : "catalog";
  return (
    <AriaRouter navigate={(href) => void router.navigate({ href })}>
      <AppShell
        brand={<Brand />}
        brandMark={<Mark />}
        nav={NAV}
        active={active}
        onNavigate={(item) => void navigate({ href: item.href })}
        isCollapsed={isCollapsed}
        onCollapse={setCollapsed}
        topBar={
          <div className="flex flex-1 items-center justify-end gap-[12px] text-[12.5px] text-soft">
            <span>{me.data.name}</span>
            <ThemeToggle />
          </div>
        }
      >
        <Live />
        <Outlet />
      </AppShell>
      <ToastRegion />
    </AriaRouter>
  );
}

function Live() {
  useLiveCatalog();
  return null;
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

const root = createRootRoute({
  component: Studio,
  errorComponent: ({ error, reset }) => (
    <ErrorState title="This page broke" onRetry={reset}>
      {error instanceof Error ? error.message : String(error)}
    </ErrorState>
  ),
  notFoundComponent: () => (
    <EmptyState icon="search" title="There is no such page">
      The address may have been cut off where it was copied.
    </EmptyState>
  ),
});

const catalog = createRoute({ getParentRoute: () => root, path: "/", component: CatalogPage, validateSearch: viewOf });
const frame = createRoute({ getParentRoute: () => root, path: "/frames/$recording/$camera/$sequence", component: FramePage, validateSearch: viewOf });
const recordings = createRoute({ getParentRoute: () => root, path: "/recordings", component: RecordingsPage });
const recording = createRoute({ getParentRoute: () => root, path: "/recordings/$recording", component: RecordingPage });
const check = createRoute({
  getParentRoute: () => root,
  path: "/check",
  component: CheckPage,
  validateSearch: (search: Record<string, unknown>): { recording?: string | undefined } => (typeof search["recording"] === "string" ? { recording: search["recording"] } : {}),
});

export const router = createRouter({
  routeTree: root.addChildren([catalog, frame, recordings, recording, check]),
  parseSearch: parseAddress,
  stringifySearch: writeAddress,
  defaultPreload: false,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
