//! The labels of COCO, the data set most detectors are trained on.

/// The 80 classes in the order detectors number them.
pub(crate) const COCO_80: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

/// COCO's own category numbers run to 90 with these left out (and no 0);
/// DETR and RF-DETR number their classes so.
const UNUSED: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// The labels for a number of classes, when it is one that COCO models have.
/// An empty label is a number without a category.
pub(crate) fn labels(classes: usize) -> Option<Vec<String>> {
    match classes {
        80 => Some(COCO_80.iter().map(|label| (*label).to_owned()).collect()),
        91 => {
            let mut names = COCO_80.iter();
            let label = |number: usize| {
                let name = if UNUSED.contains(&number) { None } else { names.next() };
                name.copied().unwrap_or_default().to_owned()
            };
            Some((0..91).map(label).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn category_numbers_are_cocos() {
        let by_number = labels(91).expect("91 is COCO's");
        // From the published instances_val2017.json.
        for (number, label) in [
            (1, "person"),
            (3, "car"),
            (10, "traffic light"),
            (11, "fire hydrant"),
            (13, "stop sign"),
            (25, "giraffe"),
            (27, "backpack"),
            (31, "handbag"),
            (44, "bottle"),
            (46, "wine glass"),
            (65, "bed"),
            (67, "dining table"),
            (70, "toilet"),
            (72, "tv"),
            (82, "refrigerator"),
            (84, "book"),
            (90, "toothbrush"),
        ] {
            assert_eq!(by_number[number], label);
        }
        assert_eq!(by_number.iter().filter(|label| label.is_empty()).count(), 11);
        assert_eq!(labels(80).map(|labels| labels.len()), Some(80));
        assert_eq!(labels(20), None);
    }
}
