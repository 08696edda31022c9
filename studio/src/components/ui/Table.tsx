import type { ReactNode } from "react";
import { cx } from "./cx";
import { Icon } from "./icons";

export interface Sort {
  column: string;
  direction: "ascending" | "descending";
}

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, with figures of one width. */
  isNumber?: boolean;
  isSortable?: boolean;
  /** A CSS width; without it the column takes what it needs. */
  width?: string;
}

export interface TableProps<Row> {
  /** What the table shows, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  sort?: Sort | null;
  /** The caller sorts: it may be the server that does. */
  onSort?: (sort: Sort) => void;
  /** A click on a row. Give the first cell a link or a button too: that is what the keyboard reaches. */
  onRow?: (row: Row) => void;
  isSelected?: (row: Row) => boolean;
  /** Stands below the header where there are no rows. */
  empty?: ReactNode;
}

/** Presses of one header go ascending, descending, ascending … */
export function nextSort(sort: Sort | null | undefined, column: string): Sort {
  const wasAscending = sort?.column === column && sort.direction === "ascending";
  return { column, direction: wasAscending ? "descending" : "ascending" };
}

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, sort, onSort, onRow, isSelected, empty } = props;
  return (
    // A wide table scrolls by itself; whoever has no mouse scrolls it by the arrow keys.
    <div tabIndex={0} role="region" aria-label={label} className="overflow-x-auto rounded-[8px] border border-line bg-card">
      <table className="w-full border-collapse text-[13px]">
        <thead>
          <tr>
            {columns.map((column) => (
              <HeaderCell key={column.key} column={column} sort={sort ?? null} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              onClick={onRow && (() => onRow(row))}
              className={cx(
                "border-t border-line",
                onRow && "hover:bg-ink/4",
                isSelected?.(row) === true && "bg-accent-wash hover:bg-accent-wash",
              )}
            >
              {columns.map((column) => (
                <td key={column.key} className={cx("h-[36px] px-[12px] py-[5px]", column.isNumber === true && "text-right tabular-nums")}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && empty !== undefined && <div className="border-t border-line">{empty}</div>}
    </div>
  );
}

interface HeaderCellProps<Row> {
  column: Column<Row>;
  sort: Sort | null;
  onSort: ((sort: Sort) => void) | undefined;
}

function HeaderCell<Row>({ column, sort, onSort }: HeaderCellProps<Row>) {
  const direction = sort?.column === column.key ? sort.direction : undefined;
  const canSort = column.isSortable === true && onSort !== undefined;
  return (
    <th
      scope="col"
      aria-sort={canSort ? (direction ?? "none") : undefined}
      style={column.width === undefined ? undefined : { width: column.width }}
      className={cx("h-[32px] px-[12px] text-[12px] font-medium whitespace-nowrap text-soft", column.isNumber === true ? "text-right" : "text-left")}
    >
      {canSort ? (
        <button
          type="button"
          onClick={() => onSort(nextSort(sort, column.key))}
          className={cx("group -mx-[4px] inline-flex items-center gap-[3px] rounded-[4px] px-[4px] py-[2px] hover:text-ink", direction && "text-ink")}
        >
          {column.title}
          <span className={cx(direction === undefined && "opacity-0 group-hover:opacity-60 group-focus-visible:opacity-60")}>
            <Icon name={direction === "descending" ? "arrowDown" : "arrowUp"} size={12} />
          </span>
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}
