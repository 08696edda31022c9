//! Batches from examples that lie in memory.

use roadloop_vision::{Channels, Pixels, prepare};

use super::*;
use crate::augment::LabelBox;

/// Gradients that differ by their place; every seventh cannot be read.
struct Memory {
    len: usize,
    broken: fn(usize) -> bool,
}

impl Items for Memory {
    type Item = Example;
    type Error = Skip;

    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, place: usize) -> Result<Example, Skip> {
        if (self.broken)(place) {
            return Err(Skip::new(format!("image {place}"), "it stops early"));
        }
        let (width, height) = (90 + place as u32, 60);
        let data = (0..width * height * 3).map(|sample| (sample as usize * (place + 1)) as u8);
        let pixels = Pixels::new(width, height, Channels::Rgb, data.collect()).unwrap();
        let found =
            LabelBox { class: place as u32, left: 30.0, top: 15.0, right: 60.0, bottom: 45.0 };
        Ok(Example { name: format!("image {place}"), pixels, boxes: vec![found] })
    }
}

fn settings() -> BatchSettings {
    BatchSettings {
        examples: 4,
        drop_last: false,
        order: BatchOrder::Shuffled,
        lot: Lot { seed: 11, epoch: 2 },
        steps_before: 6,
        skip: 0,
        shape: RandomShape { smallest: 64, largest: 128, every: 2 },
        fit: Fit::TopLeft,
        normalize: YOLOX_INPUT,
        augment: Augment::default(),
        threads: 1,
        ahead: 1,
    }
}

fn batches(source: Memory, settings: BatchSettings) -> Vec<Batch> {
    Batches::open(Arc::new(source), settings).unwrap().collect()
}

fn all_can_be_read(len: usize) -> Memory {
    Memory { len, broken: |_| false }
}

#[test]
fn any_number_of_threads_gives_the_same_batches() {
    for augment in [Augment::default(), Augment::yolov3_reference()] {
        let settings = BatchSettings { augment, ..settings() };
        let one = batches(all_can_be_read(18), settings.clone());
        assert_eq!(one.len(), 5);
        for (threads, ahead) in [(4, 7), (3, 1), (8, 100)] {
            let others =
                batches(all_can_be_read(18), BatchSettings { threads, ahead, ..settings.clone() });
            assert!(one == others, "{threads} threads");
        }
        let resumed = batches(all_can_be_read(18), BatchSettings { skip: 2, ..settings });
        assert!(one[2..] == resumed, "after two batches");
    }
}

#[test]
fn a_batch_is_a_tensor_and_says_what_is_in_it() {
    let batches = batches(all_can_be_read(18), settings());
    let mut places = Vec::new();
    for (number, batch) in batches.iter().enumerate() {
        assert_eq!(batch.step, 6 + number as u64);
        assert_eq!(
            batch.side,
            RandomShape { smallest: 64, largest: 128, every: 2 }.side(11, batch.step) as usize
        );
        assert_eq!(batch.images.len(), batch.pictures.len() * 3 * batch.side * batch.side);
        assert!(batch.images.iter().all(|value| (0.0..=255.0).contains(value)));
        assert_eq!(batch.pictures.len(), if number == 4 { 2 } else { 4 });
        for found in batch.pictures.iter().flat_map(|picture| &picture.boxes) {
            let side = batch.side as f32;
            assert!(found.width > 1.0 && found.height > 1.0);
            assert!(found.center_x - found.width / 2.0 >= -1e-3);
            assert!(found.center_x + found.width / 2.0 <= side + 1e-3);
        }
        places.extend(batch.pictures.iter().map(|picture| picture.place));
    }
    assert_eq!(places, shuffled(18, 11, 2));
    assert!(
        batches.iter().flat_map(|batch| &batch.pictures).any(|picture| !picture.boxes.is_empty())
    );
}

/// How many pictures each batch has.
#[track_caller]
fn check(examples: usize, drop_last: bool, len: usize, skip: u64, expected: &[usize]) {
    let shape = RandomShape::fixed(32);
    let settings = BatchSettings { examples, drop_last, skip, shape, ..settings() };
    let got: Vec<usize> = batches(all_can_be_read(len), settings.clone())
        .iter()
        .map(|batch| batch.pictures.len())
        .collect();
    assert_eq!(got, expected);
    assert_eq!(settings.count(len).saturating_sub(skip as usize), expected.len());
}

#[test]
fn the_last_batch_may_have_fewer() {
    check(4, false, 9, 0, &[4, 4, 1]);
    check(4, true, 9, 0, &[4, 4]);
    check(4, true, 8, 0, &[4, 4]);
    check(4, true, 3, 0, &[]);
    check(4, false, 9, 2, &[1]);
    check(4, false, 9, 3, &[]);
    check(4, false, 9, 1 << 40, &[]);
    check(4, false, 0, 0, &[]);
    check(1, false, 2, 0, &[1, 1]);
    check(100, false, 3, 0, &[3]);
}

#[test]
fn what_cannot_be_read_is_named_and_left_out() {
    let source = Memory { len: 8, broken: |place| place == 3 || place >= 4 };
    let settings = BatchSettings {
        order: BatchOrder::Given,
        augment: Augment::none(),
        shape: RandomShape::fixed(32),
        ..settings()
    };
    let batches = batches(source, settings);
    let names: Vec<Vec<&str>> = batches
        .iter()
        .map(|batch| batch.pictures.iter().map(|picture| &*picture.name).collect())
        .collect();
    assert_eq!(names, [vec!["image 0", "image 1", "image 2"], vec![]]);
    let skipped: Vec<&str> =
        batches.iter().flat_map(|batch| &batch.skipped).map(|skip| &*skip.place).collect();
    assert_eq!(skipped, ["image 3", "image 4", "image 5", "image 6", "image 7"]);
    assert_eq!(batches[0].images.len(), 3 * 3 * 32 * 32);
    assert!(batches[1].images.is_empty());
}

/// Without augmentation a batch holds what serving would be given, bit for bit, and its boxes
/// lead back to where they were drawn.
#[test]
fn training_and_serving_see_the_same() {
    for (fit, normalize) in
        [(Fit::TopLeft, YOLOX_INPUT), (Fit::Stretch, YOLOV3_INPUT), (Fit::Centered, YOLOX_INPUT)]
    {
        let settings = BatchSettings {
            order: BatchOrder::Given,
            augment: Augment::none(),
            shape: RandomShape::fixed(64),
            fit,
            normalize,
            ..settings()
        };
        let batches = batches(all_can_be_read(3), settings);
        for place in 0..3 {
            let example = all_can_be_read(3).get(place).unwrap();
            let layout = Layout::fit(fit, &example.pixels, 64, 64);
            let served = prepare(&example.pixels, &layout, &normalize);
            let trained = batches[0].images.chunks(3 * 64 * 64).nth(place).unwrap();
            assert!(served.as_f32() == Some(trained));
            let picture = &batches[0].pictures[place];
            assert_eq!(picture.layout, Some(layout));
            let found = picture.boxes[0];
            let (x, y) = (found.width / 2.0, found.height / 2.0);
            let back = layout
                .source_from_model(
                    found.center_x - x,
                    found.center_y - y,
                    found.center_x + x,
                    found.center_y + y,
                )
                .unwrap();
            let width = example.pixels.width() as f32;
            for (back, drawn) in [
                (back.left() * width, 30.0),
                (back.right() * width, 60.0),
                (back.top() * 60.0, 15.0),
                (back.bottom() * 60.0, 45.0),
            ] {
                assert!((back - drawn).abs() < 1e-3);
            }
        }
    }
}

#[test]
fn settings_are_looked_at_first() {
    let open = |settings| Batches::open(Arc::new(all_can_be_read(3)), settings).err();
    let augment = Augment { degrees: -1.0, ..Augment::none() };
    let error = open(BatchSettings { augment, ..settings() }).unwrap();
    assert_eq!(error.to_string(), "degrees is -1; it must be from 0 to 180");
    let error = open(BatchSettings { shape: RandomShape::fixed(33), ..settings() }).unwrap();
    assert_eq!(error.to_string(), "smallest is 33; it must be a multiple of 32");
    let error = open(BatchSettings { examples: 0, ..settings() }).unwrap();
    assert_eq!(error.to_string(), "examples is 0; it must be from 1 to 4096");
    let error = open(BatchSettings { threads: 1 << 40, ..settings() }).unwrap();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(open(settings()).is_none());
}

#[test]
fn waiting_is_counted_and_threads_end() {
    let source = Arc::new(all_can_be_read(40));
    let mut batches = Batches::open(Arc::clone(&source), settings()).unwrap();
    assert_eq!(batches.waited(), Duration::ZERO);
    assert_eq!(batches.next().unwrap().step, 6);
    assert!(batches.waited() > Duration::ZERO, "the first is always waited for");
    drop(batches);
    assert_eq!(Arc::strong_count(&source), 1, "no thread holds it");
}

#[test]
#[should_panic(expected = "a broken promise")]
fn a_panic_in_a_thread_is_not_lost() {
    let broken = |place: usize| {
        assert!(place != 5, "a broken promise");
        false
    };
    let source = Memory { len: 12, broken };
    let settings = BatchSettings { threads: 2, augment: Augment::none(), ..settings() };
    assert_eq!(batches(source, settings).len(), 3);
}
