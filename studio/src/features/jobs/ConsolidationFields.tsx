// How the boxes of several people become one set.

import { Checkbox, Segmented, Select, Slider } from "../../components/ui";
import type { Consolidation } from "../../api/labelling";

interface ConsolidationFieldsProps {
  value: Consolidation;
  onChange: (value: Consolidation) => void;
  workers: number;
  isDisabled?: boolean;
}

export function ConsolidationFields({ value, onChange, workers, isDisabled = false }: ConsolidationFieldsProps) {
  const quorums = [{ value: "majority", label: `Most of them (${Math.floor(workers / 2) + 1} of ${workers})` }, ...Array.from({ length: workers }, (_, at) => ({ value: `${at + 1}`, label: `${at + 1} of ${workers}` }))];
  return (
    <div className="grid gap-x-[24px] gap-y-[14px] sm:grid-cols-2">
      <Slider label="Same thing from an overlap (IoU) of" min={0.1} max={0.95} step={0.05} value={value.iou} format={(iou) => iou.toFixed(2)} onChange={(iou) => onChange({ ...value, iou })} isDisabled={isDisabled} />
      <Select label="How many have to see it" options={quorums} value={value.quorum == null ? "majority" : `${value.quorum}`} onChange={(quorum) => onChange({ ...value, quorum: quorum === "majority" ? null : Number(quorum) })} isDisabled={isDisabled} />
      <div className="flex flex-col items-start gap-[4px]">
        <span className="text-[12px] font-medium text-soft">Where the merged box lies</span>
        <Segmented
          label="Where the merged box lies"
          value={value.position}
          onChange={(position) => onChange({ ...value, position })}
          options={[
            { value: "mean", label: "Mean of theirs" },
            { value: "median", label: "Median" },
          ]}
          isDisabled={isDisabled}
        />
      </div>
      <div className="flex items-end pb-[6px]">
        <Checkbox isChecked={value.class_aware} onChange={(class_aware) => onChange({ ...value, class_aware })} isDisabled={isDisabled}>
          Only boxes of one label are the same thing
        </Checkbox>
      </div>
    </div>
  );
}
