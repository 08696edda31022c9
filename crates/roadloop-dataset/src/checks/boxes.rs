//! Boxes of one image: where they lie, and whether one was drawn twice.

use roadloop_base::counted;

use super::{CheckSettings, Collected, Example, Finding, FindingKind, Severity};
use crate::error::shown;
use crate::{Area, Sample, SampleBox};

/// Pixels a box may stand out of its image: tools round, some of them to the outside.
const OUTSIDE: f64 = 0.5;
/// Boxes each box is compared with at most, so that a hostile image ends.
const MOST_NEIGHBOURS: usize = 2_000;

/// In pixels; a little below one, as four bytes hold fractions of an image so exactly only.
const THIN: f64 = 0.999;

#[derive(Debug)]
pub(super) struct Boxes {
    duplicate_iou: f64,
    of_no_class: Collected,
    wholly_outside: Collected,
    outside: Collected,
    without_area: Collected,
    tiny: Collected,
    duplicate: Collected,
    contradicting: Collected,
}

impl Boxes {
    pub(super) fn new(settings: &CheckSettings) -> Boxes {
        let none = || Collected::new(settings.examples);
        Boxes {
            duplicate_iou: settings.duplicate_iou,
            of_no_class: none(),
            wholly_outside: none(),
            outside: none(),
            without_area: none(),
            tiny: none(),
            duplicate: none(),
            contradicting: none(),
        }
    }

    pub(super) fn see(&mut self, sample: &Sample, classes: &[String]) {
        let Some(boxes) = &sample.boxes else { return };
        for (number, found) in boxes.iter().enumerate() {
            let example = |detail: String| Example {
                image: sample.name.to_string(),
                other: None,
                box_number: Some(number as u64),
                detail,
            };
            let name = || name(classes, found.class);
            if found.class as usize >= classes.len() {
                let have = classes.len();
                self.of_no_class.add(|| {
                    example(format!("class {} of {}", found.class, counted(have as u64, "class")))
                });
            }
            let (width, height) = (found.area.width(), found.area.height());
            let size = || format!("{}, {width:.2}×{height:.2} px", name());
            if found.area.size() <= 0.0 {
                self.without_area.add(|| example(size()));
            } else if width < THIN || height < THIN {
                self.tiny.add(|| example(size()));
            }
            self.see_place(sample, found, |detail| example(format!("{}, {detail}", name())));
        }
        self.see_pairs(sample, boxes, classes);
    }

    fn see_place(
        &mut self,
        sample: &Sample,
        found: &SampleBox,
        example: impl FnOnce(String) -> Example,
    ) {
        let (width, height) = (sample.image.width, sample.image.height);
        // Of an image that nobody could read there may be no size.
        if width == 0 || height == 0 {
            return;
        }
        let (right_edge, bottom_edge) = (f64::from(width), f64::from(height));
        let area = found.area;
        let is_apart = area.right() < 0.0
            || area.bottom() < 0.0
            || area.left() > right_edge
            || area.top() > bottom_edge
            || (area.size() > 0.0 && area.within(width, height).size() <= 0.0);
        let sides = [
            ("left", -area.left()),
            ("top", -area.top()),
            ("right", area.right() - right_edge),
            ("bottom", area.bottom() - bottom_edge),
        ];
        let worst = sides.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let Some((side, by)) = worst else { return };
        let example = || example(format!("{by:.1} px over the {side} edge of {width}×{height}"));
        if is_apart {
            self.wholly_outside.add(example);
        } else if by > OUTSIDE {
            self.outside.add(example);
        }
    }

    /// From left to right, so that only neighbours are compared: of two boxes that overlap by
    /// `t`, the second begins within `1 - t` of the width of the first.
    fn see_pairs(&mut self, sample: &Sample, boxes: &[SampleBox], classes: &[String]) {
        let mut order: Vec<usize> = (0..boxes.len()).collect();
        order.sort_by(|one, other| {
            let left = |place: &usize| boxes.get(*place).map_or(0.0, |found| found.area.left());
            left(one).total_cmp(&left(other)).then(one.cmp(other))
        });
        for (place, number) in order.iter().enumerate() {
            let Some(found) = boxes.get(*number) else { continue };
            let reach = found.area.left() + found.area.width() * (1.0 - self.duplicate_iou);
            let (mut is_duplicate, mut is_contradicted) = (false, false);
            for other_number in order.iter().skip(place + 1).take(MOST_NEIGHBOURS) {
                let Some(other) = boxes.get(*other_number) else { continue };
                // Sums of numbers are not exact; the overlap itself decides.
                if other.area.left() > reach + 1e-6 || (is_duplicate && is_contradicted) {
                    break;
                }
                let overlap = overlap(found.area, other.area);
                if overlap < self.duplicate_iou {
                    continue;
                }
                let (first, second) = (*number.min(other_number), *number.max(other_number));
                let example = |detail: String| Example {
                    image: sample.name.to_string(),
                    other: None,
                    box_number: Some(second as u64),
                    detail,
                };
                let of = |class: u32| name(classes, class);
                if found.class == other.class && !is_duplicate {
                    is_duplicate = true;
                    let detail =
                        || format!("{} again, as box {first}, IoU {overlap:.2}", of(found.class));
                    self.duplicate.add(|| example(detail()));
                } else if found.class != other.class && !is_contradicted {
                    is_contradicted = true;
                    let class = |number: usize| boxes.get(number).map_or(0, |found| found.class);
                    let (here, there) = (of(class(second)), of(class(first)));
                    let detail =
                        || format!("{here} where box {first} says {there}, IoU {overlap:.2}");
                    self.contradicting.add(|| example(detail()));
                }
            }
        }
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        let said = |collected: Collected, kind, severity, what: &str| {
            let what = format!("{} {what}", counted(collected.count, "box"));
            collected.finding(kind, severity, what)
        };
        let percent = 100.0 * self.duplicate_iou;
        vec![
            said(
                self.of_no_class,
                FindingKind::BoxOfNoClass,
                Severity::Error,
                "of a class that the list does not have: the list and the labels are not of the \
                 same dataset",
            ),
            said(
                self.wholly_outside,
                FindingKind::BoxOutsideImage,
                Severity::Error,
                "wholly outside the image: labels of another image, or in another unit; remove \
                 or correct them",
            ),
            said(
                self.outside,
                FindingKind::BoxOutsideImage,
                Severity::Warning,
                "over the edge of the image by more than half a pixel: cut them at the edge",
            ),
            said(
                self.without_area,
                FindingKind::BoxWithoutArea,
                Severity::Error,
                "without an inside: remove them, losses divide by their size",
            ),
            said(
                self.tiny,
                FindingKind::TinyBox,
                Severity::Warning,
                "thinner than a pixel: mostly a slip of the mouse; look at them",
            ),
            said(
                self.duplicate,
                FindingKind::DuplicateBoxes,
                Severity::Warning,
                &format!(
                    "drawn twice (same class, {percent:.0}% overlap or more): keep one of each"
                ),
            ),
            said(
                self.contradicting,
                FindingKind::ContradictingBoxes,
                Severity::Warning,
                &format!(
                    "at a place where another class is said as well ({percent:.0}% overlap or \
                     more): decide for one"
                ),
            ),
        ]
    }
}

/// Without multiplying first, numbers of the size of the whole range do not overflow.
fn overlap(one: Area, other: Area) -> f64 {
    let overlap = one.iou(other);
    if overlap.is_finite() { overlap } else { 0.0 }
}

fn name(classes: &[String], class: u32) -> String {
    classes.get(class as usize).map_or_else(|| format!("class {class}"), |name| shown(name))
}
