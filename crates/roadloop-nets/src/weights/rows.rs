//! A head for other classes: the rows of those it knew are carried over.

use super::Array;

/// Which rows of an array are classes: `groups` times `before` rows of something else and one
/// row a class. YOLOX has one group with nothing before; YOLOv3 three, one an anchor, with box
/// and objectness before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassRows {
    pub groups: usize,
    pub before: usize,
}

impl ClassRows {
    /// YOLOX's: the last convolution of the class branch.
    pub fn of_yolox(name: &str) -> Option<ClassRows> {
        let is_class = name.split('.').any(|step| step == "cls_preds");
        is_class.then_some(ClassRows { groups: 1, before: 0 })
    }

    /// YOLOv3's: each output, for three anchors of five numbers and the classes.
    pub fn of_yolov3(name: &str) -> Option<ClassRows> {
        let is_output = name.split('.').any(|step| step == "output");
        is_output.then_some(ClassRows { groups: 3, before: 5 })
    }

    /// For how many classes an array of so many rows is.
    pub fn classes(self, rows: usize) -> Option<usize> {
        let all = rows.checked_div(self.groups)?;
        rows.is_multiple_of(self.groups).then(|| all.checked_sub(self.before))?
    }

    /// `ours` with rows of `theirs` where the classes have the same name, and with all that
    /// is before the classes. `None` where the shapes say something else than the classes.
    pub(crate) fn carry(
        self,
        ours: &Array,
        our_classes: &[String],
        theirs: &Array,
        their_classes: &[String],
    ) -> Option<Array> {
        let (our_rows, our_row) = ours.shape().split_first()?;
        let (their_rows, their_row) = theirs.shape().split_first()?;
        let fits = our_row == their_row
            && self.classes(*our_rows) == Some(our_classes.len())
            && self.classes(*their_rows) == Some(their_classes.len());
        if !fits {
            return None;
        }
        let row: usize = our_row.iter().product();
        let mut values = ours.values().to_vec();
        for group in 0..self.groups {
            let ours_at = group * (self.before + our_classes.len());
            let theirs_at = group * (self.before + their_classes.len());
            let before = (0..self.before).map(|at| (at, at));
            let same = same_names(our_classes, their_classes)
                .map(|(ours, theirs)| (self.before + ours, self.before + theirs));
            for (to, from) in before.chain(same) {
                let (to, from) = ((ours_at + to) * row, (theirs_at + from) * row);
                values[to..to + row].copy_from_slice(&theirs.values()[from..from + row]);
            }
        }
        Array::new(ours.shape().to_vec(), values)
    }
}

/// Places of ours and of theirs that have the same name; case and spaces around do not count.
pub(crate) fn same_names<'a>(
    ours: &'a [String],
    theirs: &'a [String],
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let plain = |name: &String| name.trim().to_lowercase();
    ours.iter().enumerate().filter_map(move |(at, name)| {
        let name = plain(name);
        theirs.iter().position(|other| plain(other) == name).map(|other| (at, other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[track_caller]
    fn check(rows: ClassRows, ours: &[f32], theirs: &[f32], expected: Option<&[f32]>) {
        let array = |values: &[f32]| Array::new(vec![values.len()], values.to_vec()).unwrap();
        let (our_classes, their_classes) =
            (names(&["dog", "Car ", "sign"]), names(&["car", "dog"]));
        let found = rows.carry(&array(ours), &our_classes, &array(theirs), &their_classes);
        assert_eq!(found.as_ref().map(Array::values), expected);
    }

    #[test]
    fn rows_of_the_same_name_are_carried() {
        let yolox = ClassRows { groups: 1, before: 0 };
        check(yolox, &[0.0; 3], &[1.0, 2.0], Some(&[2.0, 1.0, 0.0]));
        check(yolox, &[0.0; 3], &[1.0, 2.0, 3.0], None);
        let anchored = ClassRows { groups: 2, before: 1 };
        let theirs = [9.0, 1.0, 2.0, 8.0, 3.0, 4.0];
        check(anchored, &[0.0; 8], &theirs, Some(&[9.0, 2.0, 1.0, 0.0, 8.0, 4.0, 3.0, 0.0]));
    }
}
