// The merged boxes of a task, corrected by a reviewer.

import { useMemo, useState } from "react";
import { BoxEditor } from "../../components/boxeditor";
import { Button, toasts } from "../../components/ui";
import type { JobItem, PersonsBox, TaskDetail } from "../../api/labelling";
import { queries } from "../../api/hooks";
import { classesOf, toEdit, toPersons } from "../work/boxes";
import { JOBS } from "./queries";

interface CorrectTaskProps {
  job: JobItem;
  detail: TaskDetail;
  image: string;
  onClose: () => void;
  onSave: (boxes: PersonsBox[]) => Promise<TaskDetail>;
}

export function CorrectTask({ job, detail, image, onClose, onSave }: CorrectTaskProps) {
  const { task, result, decision, initial, revision } = detail;
  const [isDirty, setDirty] = useState(false);
  const boxes = useMemo(() => toEdit(decision?.boxes ?? result?.boxes.map((box) => ({ ...box, confidence: null, tags: [] })) ?? initial, "adjust"), [decision, initial, result]);
  const classes = useMemo(() => classesOf(job.labels), [job.labels]);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-[10px] border-b border-line bg-card px-[14px] py-[6px]">
        <Button size="small" icon="close" onPress={onClose}>
          {isDirty ? "Leave: what you changed stays as a draft" : "Done"}
        </Button>
        <h1 className="text-[13px] font-semibold">{`Correcting ${job.name} #${task.number}`}</h1>
        <span className="text-[12.5px] text-soft">What you save holds in the place of what was merged.</span>
      </div>
      <div className="min-h-0 flex-1">
        <BoxEditor
          frameKey={`correct ${job.name} ${task.number}`}
          imageUrl={image}
          imageWidth={task.width}
          imageHeight={task.height}
          alt={`task ${task.number} of ${job.name}`}
          boxes={boxes}
          base={`${revision}`}
          classes={classes}
          allowNewClasses={false}
          onChange={setDirty}
          onSave={async (saved) => {
            await onSave(toPersons(saved));
            // The draft goes with the editor; what is shown next is asked for anew.
            await queries.invalidateQueries({ queryKey: [JOBS] });
            toasts.show({ tone: "good", title: `#${task.number} is corrected` });
            onClose();
          }}
        />
      </div>
    </div>
  );
}
