// What writes a version out in the formats of others, as lines for a terminal.

import type { DatasetCard } from "../../api/datasets";
import { Card } from "../../app/Page";
import { CopyLine } from "./CopyLine";
import { count } from "../../app/address";

/** As the command has them. */
const FORMATS: { name: string; title: string; about: string; tellsUnlabelled?: boolean }[] = [
  { name: "coco", title: "COCO", about: "a JSON file for each split, and the images" },
  { name: "yolo", title: "YOLO", about: "the layout of Ultralytics, with its data.yaml" },
  { name: "voc", title: "Pascal VOC", about: "an XML file for each image" },
  { name: "groundtruth", title: "SageMaker Ground Truth", about: "augmented manifests, a file for each split", tellsUnlabelled: true },
  { name: "recordio", title: "RecordIO", about: "MXNet's .rec, .idx and .lst, images within" },
  { name: "cvat", title: "CVAT", about: "for images, 1.1" },
  { name: "labelstudio", title: "Label Studio", about: "tasks with their annotations", tellsUnlabelled: true },
  { name: "fiftyone", title: "FiftyOne", about: "an image detection dataset; it is not read back", tellsUnlabelled: true },
  { name: "openlabel", title: "ASAM OpenLABEL", about: "1.0; it is not read back" },
];

export function Export({ card: { name, version, counts } }: { card: DatasetCard }) {
  const dataset = `${name}@${version}`;
  return (
    <Card title="Write it out" about="in a terminal, beside the workspace">
      <ul className="px-[16px] py-[4px]">
        {FORMATS.map((format) => (
          <li key={format.name} className="grid items-center gap-x-[16px] gap-y-[4px] border-b border-line py-[9px] last:border-b-0 md:grid-cols-[minmax(220px,1fr)_minmax(0,1.4fr)]">
            <div>
              <p className="text-[13px] font-medium">{format.title}</p>
              <p className="text-[12px] text-soft">
                {format.about}
                {counts.unlabelled > 0 && format.tellsUnlabelled !== true && `; without the ${count(counts.unlabelled, "image")} nobody looked at`}
              </p>
            </div>
            <CopyLine label={`for ${format.title}`} text={`roadloop dataset export ${dataset} --to ${format.name} --out ${name}-${format.name}`} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
