import type { MouseEvent, ReactNode } from "react";
import { cx, Icon, Tooltip, useInSight, type IconName } from "../ui";
import { Link } from "react-aria-components";

export interface NavItem {
  key: string;
  label: string;
  icon: IconName;
  href: string;
  /** A small number at the end, such as jobs that run. */
  count?: number;
  /** Drawn apart at the foot of the rail. */
  isLow?: boolean;
}

export interface AppShellProps {
  /** The product's name or mark, at the head of the rail. */
  brand: ReactNode;
  /** What stands in its place when the rail is narrow. */
  brandMark?: ReactNode;
  nav: readonly NavItem[];
  active: string;
  /** For a router: called in place of a plain click's page load. */
  onNavigate?: (item: NavItem) => void;
  /** Left out where the page has none. */
  topBar?: ReactNode;
  /** At the foot of the rail: who is here, and what they set for themselves. */
  foot?: ReactNode;
  isCollapsed: boolean;
  onCollapse: (isCollapsed: boolean) => void;
  children: ReactNode;
}

/** The rail, the bar and the page. On narrow screens the rail lies at the foot. */
export function AppShell(props: AppShellProps) {
  const { brand, brandMark, nav, active, onNavigate, topBar, foot, isCollapsed, onCollapse, children } = props;
  const rail = useInSight<HTMLElement>("[aria-current=page]", active);
  const link = (item: NavItem) => <RailLink key={item.key} item={item} isActive={item.key === active} isCollapsed={isCollapsed} onNavigate={onNavigate} />;
  return (
    <div className="flex h-full min-h-0 max-[720px]:flex-col-reverse">
      <a href="#main" className="sr-only z-50 rounded-[6px] bg-accent px-[12px] py-[6px] text-accent-ink focus:not-sr-only focus:absolute focus:top-[8px] focus:left-[8px]">
        To the page
      </a>
      <nav
        ref={rail}
        aria-label="Studio"
        className={cx(
          "flex shrink-0 flex-col gap-[2px] border-r border-line bg-card p-[8px] max-[720px]:flex-row max-[720px]:justify-start max-[720px]:overflow-x-auto max-[720px]:border-t max-[720px]:border-r-0 max-[720px]:px-[6px] max-[720px]:py-[4px] max-[720px]:pb-[max(4px,env(safe-area-inset-bottom))]",
          isCollapsed ? "w-[49px]" : "w-[200px]",
          "max-[720px]:w-full",
        )}
      >
        <div className="mb-[8px] flex h-[32px] items-center overflow-hidden px-[8px] text-[14px] font-semibold whitespace-nowrap max-[720px]:hidden">
          {isCollapsed ? brandMark : brand}
        </div>
        {nav.filter((item) => item.isLow !== true).map(link)}
        <span className="flex-1 max-[720px]:hidden" />
        {nav.filter((item) => item.isLow === true).map(link)}
        {foot}
        <button
          type="button"
          aria-expanded={!isCollapsed}
          onClick={() => onCollapse(!isCollapsed)}
          className="flex h-[32px] items-center gap-[10px] rounded-[6px] px-[8px] text-[13px] whitespace-nowrap text-soft hover:bg-ink/5 hover:text-ink max-[720px]:hidden"
        >
          <Icon name="sidebar" />
          <span className={cx(isCollapsed && "sr-only")}>{isCollapsed ? "Widen the rail" : "Narrow the rail"}</span>
        </button>
      </nav>
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        {topBar !== undefined && <header className="flex min-h-[48px] shrink-0 items-center gap-[10px] border-b border-line bg-card px-[14px] py-[7px]">{topBar}</header>}
        <main id="main" tabIndex={-1} className="min-h-0 flex-1 overflow-auto outline-none">
          {children}
        </main>
      </div>
    </div>
  );
}

interface RailLinkProps {
  item: NavItem;
  isActive: boolean;
  isCollapsed: boolean;
  onNavigate: ((item: NavItem) => void) | undefined;
}

function RailLink({ item, isActive, isCollapsed, onNavigate }: RailLinkProps) {
  const onClick = (event: MouseEvent) => {
    // A new tab or window is the browser's.
    if (onNavigate === undefined || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onNavigate(item);
  };
  return (
    <Tooltip text={item.label} placement="right" isDisabled={!isCollapsed}>
      <Link
        href={item.href}
        onClick={onClick}
        aria-current={isActive ? "page" : undefined}
        className={cx(
          "relative flex h-[32px] shrink-0 cursor-default items-center gap-[10px] rounded-[6px] px-[8px] text-[13px] font-medium whitespace-nowrap no-underline",
          "max-[720px]:h-[46px] max-[720px]:min-w-[60px] max-[720px]:flex-auto max-[720px]:shrink-0 max-[720px]:flex-col max-[720px]:justify-center max-[720px]:gap-[3px] max-[720px]:px-[4px] max-[720px]:text-[11px] max-[460px]:min-w-[40px]",
          isActive ? "bg-accent-wash text-accent" : "text-soft hover:bg-ink/5 hover:text-ink",
        )}
      >
        <Icon name={item.icon} />
        <span className={cx("min-w-0 truncate", isCollapsed && "min-[721px]:sr-only", !isActive && "max-[460px]:sr-only")}>{item.label}</span>
        {item.count !== undefined && item.count > 0 && (
          <span
            className={cx(
              "ml-auto rounded-full bg-accent px-[5px] text-[10.5px] leading-[16px] font-semibold text-accent-ink tabular-nums max-[720px]:absolute max-[720px]:top-[2px] max-[720px]:left-[calc(50%+6px)]",
              isCollapsed && "min-[721px]:absolute min-[721px]:top-0 min-[721px]:right-0 min-[721px]:text-[9.5px] min-[721px]:leading-[13px]",
            )}
          >
            {item.count > 99 ? "99+" : item.count}
          </span>
        )}
      </Link>
    </Tooltip>
  );
}
