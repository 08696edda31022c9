import type { ReactNode } from "react";
import { Button } from "./Button";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";

interface StateProps {
  icon: IconName;
  iconLook: string;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

function State({ icon, iconLook, title, children, action }: StateProps) {
  return (
    <div className="flex flex-col items-center justify-center px-[24px] py-[40px] text-center">
      <span className={cx("flex size-[40px] items-center justify-center rounded-[10px] border", iconLook)}>
        <Icon name={icon} size={20} />
      </span>
      <p className="mt-[12px] text-[14px] font-semibold text-ink">{title}</p>
      {children !== undefined && <div className="mt-[4px] max-w-[44ch] text-[13px] text-balance text-soft">{children}</div>}
      {action !== undefined && <div className="mt-[14px] flex gap-[8px]">{action}</div>}
    </div>
  );
}

export interface EmptyStateProps {
  icon: IconName;
  title: string;
  /** Why there is nothing, and what would change that. */
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState(props: EmptyStateProps) {
  return <State {...props} iconLook="border-line bg-card text-soft" />;
}

export interface ErrorStateProps {
  title: string;
  /** What the person can do about it. */
  children?: ReactNode;
  onRetry?: () => void;
  isRetrying?: boolean;
}

export function ErrorState({ title, children, onRetry, isRetrying = false }: ErrorStateProps) {
  return (
    <div role="alert">
      <State
        icon="alert"
        iconLook="border-bad/25 bg-bad-wash text-bad"
        title={title}
        action={
          onRetry !== undefined && (
            <Button icon="refresh" isBusy={isRetrying} onPress={onRetry}>
              Try again
            </Button>
          )
        }
      >
        {children}
      </State>
    </div>
  );
}

/** The place of something that is on its way. Size and shape come by `className`. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx("block animate-pulse rounded-[5px] bg-ink/8", className)} />;
}
