// The bar above the frames: how they are shown, and what can be done with all of them.

import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Button, Dialog, IconButton, Menu, Segmented, Slider, TextField, toasts } from "../../components/ui";
import { answer, client, exportUrl } from "../../api/client";
import { useCatalogChanged, useMay } from "../../api/hooks";
import { count, type View } from "../../app/address";
import { chooseValue } from "../../filter/clauses";
import { TagDialog } from "./TagDialog";

interface CatalogToolsProps {
  view: View;
  set: (change: Partial<View>) => void;
  filter: string;
  total: number;
  tileWidth: number;
  onTileWidth: (width: number) => void;
  isSideOpen: boolean;
  onSide: (isOpen: boolean) => void;
  /** Where there is no room for a side panel. */
  onNarrow: () => void;
}

const FORMS = [
  { key: "jsonl", label: "JSON lines" },
  { key: "csv", label: "CSV" },
  { key: "parquet", label: "Parquet" },
  { key: "annotations", label: "What people drew, JSON lines" },
  { key: "coco", label: "COCO results" },
  { key: "coco-images", label: "COCO images and categories" },
  { key: "detect-labels", label: "Rekognition DetectLabels" },
  { key: "dynamodb", label: "DynamoDB items" },
];

export function CatalogTools({ view, set, filter, total, tileWidth, onTileWidth, isSideOpen, onSide, onNarrow }: CatalogToolsProps) {
  const [isSaving, setSaving] = useState(false);
  const [isTagging, setTagging] = useState(false);
  const navigate = useNavigate();
  const [mayRaw, mayEdit, mayExport] = [useMay("see_raw"), useMay("edit"), useMay("export")];
  const copyLink = async () => {
    await navigator.clipboard.writeText(window.location.href);
    toasts.show({ tone: "good", title: "The link is copied", text: "Whoever opens it sees this very view." });
  };
  return (
    <div className="flex flex-wrap items-center gap-x-[10px] gap-y-[6px] border-b border-line bg-card px-[12px] py-[6px]">
      <span className="hidden md:block">
        <IconButton icon="sidebar" label={isSideOpen ? "Hide the side panel" : "Show the side panel"} onPress={() => onSide(!isSideOpen)} />
      </span>
      <span className="md:hidden">
        <IconButton icon="filter" label="Narrow down" onPress={onNarrow} />
      </span>
      <Segmented
        label="Show as"
        value={view.as === "map" ? "map" : "grid"}
        onChange={(as) => set({ as: as === "map" ? "map" : undefined })}
        options={[
          { value: "grid", label: "Grid", icon: "grid" },
          { value: "map", label: "Map", icon: "map" },
        ]}
      />
      {mayRaw && (
        <Segmented
          label="Which images"
          value={view.show === "raw" ? "raw" : "anonymized"}
          onChange={(show) => set({ show: show === "raw" ? "raw" : undefined })}
          options={[
            { value: "anonymized", label: "Anonymised", icon: "shield" },
            { value: "raw", label: "Raw", icon: "eye" },
          ]}
        />
      )}
      <span className="flex-1" />
      {view.as !== "map" && <Slider label="Size of the pictures" isBare min={120} max={480} step={20} value={tileWidth} onChange={onTileWidth} className="w-[90px] max-sm:hidden" />}
      <IconButton icon="link" label="Copy a link to this view" onPress={() => void copyLink()} />
      {mayEdit && (
        <>
          <Button size="small" icon="tag" isDisabled={total === 0} onPress={() => setTagging(true)}>
            Tag…
          </Button>
          <Button size="small" icon="layers" isDisabled={total === 0} onPress={() => setSaving(true)}>
            Save…
          </Button>
          <Button size="small" icon="box" isDisabled={total === 0} onPress={() => void navigate({ to: "/jobs/new", search: { filter: filter === "" ? undefined : filter } })}>
            Label these…
          </Button>
        </>
      )}
      {mayExport && (
        <Menu
          label="Export these frames"
          placement="bottom end"
          trigger={
            <Button size="small" icon="download" isDisabled={total === 0}>
              Export
            </Button>
          }
          sections={[FORMS]}
          onAction={(form) => window.location.assign(exportUrl(filter, form))}
        />
      )}
      <TagDialog isOpen={isTagging} onClose={() => setTagging(false)} about={{ filter }} what={count(total, "frame")} />
      <SaveDialog isOpen={isSaving} onClose={() => setSaving(false)} filter={filter} total={total} />
    </div>
  );
}

interface SaveDialogProps {
  isOpen: boolean;
  onClose: () => void;
  filter: string;
  total: number;
}

function SaveDialog({ isOpen, onClose, filter, total }: SaveDialogProps) {
  const [name, setName] = useState("");
  const [sample, setSample] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const changed = useCatalogChanged();
  const number = sample.trim() === "" ? null : Number(sample);
  const isNumber = number === null || (Number.isInteger(number) && number > 0);
  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const body = { name: name.trim(), filter, sample: number, by: [], seed: 0 };
      const { is_new, selection } = await answer(client.POST("/api/v1/selections", { body }));
      await changed();
      onClose();
      toasts.show({
        tone: "good",
        title: is_new ? `Saved as ${selection.name}, version ${selection.version}` : `${selection.name}, version ${selection.version}, is the same already`,
        text: `${count(selection.frames, "frame")}: ${chooseValue("", "selection", selection.name, "in")}`,
      });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title="Save a selection"
      actions={
        <>
          <Button kind="quiet" onPress={onClose}>
            Cancel
          </Button>
          <Button kind="primary" isBusy={isBusy} isDisabled={name.trim() === "" || !isNumber} onPress={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-[14px]">
        <p className="text-soft">
          Keeps {count(total, "frame")} as they are now, under a name. What comes later does not change it; saving again makes the next version.
        </p>
        <TextField label="Name" value={name} onChange={setName} placeholder="night-crowds" autoFocus onEnter={() => void save()} error={problem} />
        <TextField
          label="Only a sample"
          value={sample}
          onChange={setSample}
          type="number"
          placeholder={`all ${total.toLocaleString("en")}`}
          help="So many frames, drawn at random; drawn again, they are the same."
          error={isNumber ? undefined : "A whole number above 0."}
        />
      </div>
    </Dialog>
  );
}
