//! What is seen on a road, and how often: the 80 classes of COCO, the common
//! ones first, drawn by Zipf's law.

use crate::dice::Dice;

pub(crate) const LABELS: [&str; 80] = [
    "car",
    "person",
    "traffic light",
    "truck",
    "bicycle",
    "bus",
    "motorcycle",
    "stop sign",
    "bench",
    "backpack",
    "handbag",
    "dog",
    "train",
    "umbrella",
    "fire hydrant",
    "potted plant",
    "parking meter",
    "bird",
    "suitcase",
    "chair",
    "skateboard",
    "cat",
    "horse",
    "cell phone",
    "bottle",
    "boat",
    "clock",
    "sports ball",
    "airplane",
    "kite",
    "cow",
    "sheep",
    "dining table",
    "tie",
    "cup",
    "book",
    "tv",
    "vase",
    "surfboard",
    "frisbee",
    "skis",
    "snowboard",
    "laptop",
    "couch",
    "bowl",
    "banana",
    "apple",
    "orange",
    "pizza",
    "cake",
    "sandwich",
    "donut",
    "hot dog",
    "carrot",
    "broccoli",
    "wine glass",
    "fork",
    "knife",
    "spoon",
    "bed",
    "toilet",
    "sink",
    "refrigerator",
    "oven",
    "microwave",
    "toaster",
    "keyboard",
    "mouse",
    "remote",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
    "baseball bat",
    "baseball glove",
    "tennis racket",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
];

/// Zipf's law over [`LABELS`]: the n-th is as likely as the first, divided by n.
pub(crate) struct Zipf([f64; LABELS.len()]);

impl Zipf {
    pub(crate) fn new() -> Zipf {
        let mut up_to = [0.0; LABELS.len()];
        let mut sum = 0.0;
        for (index, share) in up_to.iter_mut().enumerate() {
            sum += 1.0 / (index + 1) as f64;
            *share = sum;
        }
        Zipf(up_to.map(|share| share / sum))
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> &'static str {
        let share = dice.share();
        LABELS[self.0.partition_point(|up_to| *up_to <= share).min(LABELS.len() - 1)]
    }
}
