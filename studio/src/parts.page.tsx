// Shows all parts with made-up data. For those who build the studio; no part of it.

import "./styles.css";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { AppShell, applyTheme, Kbd, SplitPane, ThemeToggle, useShortcut, type NavItem } from "./components/shell";
import { ToastRegion, toasts } from "./components/ui";
import { ChartsPage } from "./parts.charts";
import { drawPictures } from "./parts.data";
import { FilterPage } from "./parts.filter";
import { GridPage } from "./parts.grid";
import { UiPage } from "./parts.ui";

applyTheme();

const NAV: NavItem[] = [
  { key: "ui", label: "Small parts", icon: "layers", href: "#ui" },
  { key: "grid", label: "Grid", icon: "grid", href: "#grid" },
  { key: "filter", label: "Filter", icon: "filter", href: "#filter" },
  { key: "charts", label: "Charts", icon: "chart", href: "#charts", count: 3 },
  { key: "split", label: "Split", icon: "sidebar", href: "#split", isLow: true },
];

function SplitPage() {
  const [width, setWidth] = useState(280);
  return (
    <SplitPane label="Details" side={<p className="p-[14px] text-[13px] text-soft">A side of {width} pixels.</p>} width={width} onWidth={setWidth} at="right">
      <GridPage />
    </SplitPane>
  );
}

function PartsPage() {
  const [page, setPage] = useState(location.hash.slice(1) || "ui");
  const [isCollapsed, setIsCollapsed] = useState(false);
  useEffect(() => {
    const follow = () => setPage(location.hash.slice(1) || "ui");
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useShortcut("?", () => void toasts.show({ title: "Shortcuts", text: "/ goes to the filter" }));
  return (
    <AppShell
      brand="roadloop"
      brandMark="r"
      nav={NAV}
      active={page}
      onNavigate={({ href }) => (location.hash = href)}
      isCollapsed={isCollapsed}
      onCollapse={setIsCollapsed}
      topBar={
        <>
          <h1 className="text-[14px] font-semibold">{NAV.find(({ key }) => key === page)?.label}</h1>
          <span className="ml-auto flex items-center gap-[10px] text-[12px] text-soft">
            <span className="max-sm:hidden"><Kbd keys="Mod+Enter" /></span>
            <ThemeToggle />
          </span>
        </>
      }
    >
      {page === "grid" ? <GridPage /> : page === "filter" ? <FilterPage /> : page === "charts" ? <ChartsPage /> : page === "split" ? <SplitPage /> : <UiPage />}
      <ToastRegion />
    </AppShell>
  );
}

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the parts");
await drawPictures();
createRoot(root).render(
  <StrictMode>
    <PartsPage />
  </StrictMode>,
);
