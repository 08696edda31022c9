//! What a stranger's model says of itself, what lies beside it, and the numbers it
//! answers with. The first byte says as what it is opened and of which family it
//! is, the second how its answers differ from what it declares, the third how many
//! classes it has, the fourth how long the texts are, in eighths of the rest:
//! settings, labels and two notes, with a zero between them. Numbers follow, and
//! begin again at their end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roadloop_vision::testing::{Beside, Role, open_as};
use roadloop_vision::{
    Channels, Element, Model, ModelError, Pixels, Port, RedactStyle, Tensor, Values, draw_boxes,
    redact,
};

/// The picture's, and the input's of models of one size.
const WIDTH: usize = 64;
const HEIGHT: usize = 32;

/// Larger inputs are sound, and take the fuzzer's time.
const MOST_PIXELS: usize = 1 << 16;

const CLASSES: [usize; 8] = [1, 2, 3, 4, 5, 80, 91, 92];

#[derive(Clone, Copy, Debug)]
enum Family {
    NanoDet,
    YoloX,
    YoloV5,
    YoloV8,
    Detr,
    FinishedDetr,
    Classifier,
    CenterFace,
    RetinaFace,
    Db,
}

const ROLES: [(Role, Family); 10] = [
    (Role::Detector, Family::NanoDet),
    (Role::Detector, Family::YoloX),
    (Role::Detector, Family::YoloV5),
    (Role::Detector, Family::YoloV8),
    (Role::Detector, Family::Detr),
    (Role::Detector, Family::FinishedDetr),
    (Role::Tagger, Family::Classifier),
    (Role::FaceFinder, Family::CenterFace),
    (Role::PlateFinder, Family::RetinaFace),
    (Role::TextFinder, Family::Db),
];

impl Family {
    /// The shapes of its outputs for a picture of that size.
    fn shapes(self, classes: usize, [height, width]: [usize; 2]) -> Vec<Vec<usize>> {
        let cells = |stride: usize| width.div_ceil(stride) * height.div_ceil(stride);
        let all = cells(8) + cells(16) + cells(32);
        let heat = [height / 4, width / 4];
        match self {
            Family::NanoDet => [classes, 32]
                .into_iter()
                .flat_map(|last| [8, 16, 32].map(|stride| vec![1, cells(stride), last]))
                .collect(),
            Family::YoloX => vec![vec![1, all, 5 + classes]],
            Family::YoloV5 => vec![vec![1, 3 * all, 5 + classes]],
            Family::YoloV8 => vec![vec![1, 4 + classes, all]],
            Family::Detr => vec![vec![1, 7, classes], vec![1, 7, 4]],
            Family::FinishedDetr => vec![vec![1, 7], vec![1, 7, 4], vec![1, 7]],
            Family::Classifier => vec![vec![1, classes]],
            Family::CenterFace => {
                [1, 2, 2].map(|maps| vec![1, maps, heat[0], heat[1]]).to_vec()
            }
            Family::RetinaFace => [4, 2].map(|numbers| vec![1, 2 * all, numbers]).to_vec(),
            Family::Db => vec![vec![1, 1, height, width]],
        }
    }

    fn takes_any_size(self) -> bool {
        matches!(self, Family::CenterFace | Family::RetinaFace | Family::Db)
    }
}

#[derive(Debug)]
struct Told {
    family: Family,
    classes: usize,
    lie: u8,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    names: Option<String>,
    size: Option<String>,
    numbers: Vec<f32>,
}

fn port(shape: Vec<Option<usize>>, element: Element) -> Port {
    Port { name: "port".to_owned(), shape, element }
}

impl Told {
    /// Of the output of that number.
    fn element(&self, index: usize) -> Element {
        match (self.family, index) {
            (Family::FinishedDetr, 0) => Element::I64,
            _ => Element::F32,
        }
    }

    fn declare(&mut self, is_open: bool) {
        let side = |side: usize| (!is_open).then_some(side);
        self.inputs = vec![port(vec![Some(1), Some(3), side(HEIGHT), side(WIDTH)], Element::F32)];
        if matches!(self.family, Family::FinishedDetr) {
            self.inputs.push(port(vec![Some(1), Some(2)], Element::I64));
        }
        let shapes = self.family.shapes(self.classes, [HEIGHT, WIDTH]).into_iter().enumerate();
        self.outputs = shapes
            .map(|(index, shape)| {
                port(shape.into_iter().map(side).collect(), self.element(index))
            })
            .collect();
    }

    /// What is answered in place of a shape that was declared.
    fn bend(&self, shapes: &mut [Vec<usize>]) {
        let (place, how) = (usize::from(self.lie & 15), self.lie >> 4);
        let index = place % shapes.len();
        let shape = &mut shapes[index];
        let side = place / 4 % shape.len();
        match how {
            1 => shape[side] += 1,
            2 => shape[side] -= 1,
            3 => shape.push(1),
            4 => drop(shape.pop()),
            5 => shape[side] = 0,
            6 => shapes.reverse(),
            _ => {}
        }
    }
}

impl Model for Told {
    fn name(&self) -> &str {
        "model.onnx"
    }

    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn note(&self, key: &str) -> Option<String> {
        match key {
            "names" => self.names.clone(),
            "imgsz" => self.size.clone(),
            _ => None,
        }
    }

    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        assert_eq!(inputs.len(), self.inputs.len());
        let &[1, 3, height, width] = inputs[0].shape() else { panic!("no picture") };
        if height * width > MOST_PIXELS {
            return Err(ModelError::Run { model: "model".to_owned(), reason: "large".to_owned() });
        }
        let mut shapes = self.family.shapes(self.classes, [height, width]);
        self.bend(&mut shapes);
        let mut numbers = self.numbers.iter().copied().cycle();
        let tensors = shapes.into_iter().enumerate().map(|(index, shape)| {
            let numbers = numbers.by_ref().take(shape.iter().product());
            let values = match self.element(index) {
                Element::I64 => Values::I64(numbers.map(|number| number as i64).collect()),
                _ => Values::F32(numbers.collect()),
            };
            Tensor::new(shape, values).expect("as many as the shape says")
        });
        Ok(tensors.collect())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let &[role, lie, classes, eighths, ref rest @ ..] = bytes else { return };
    let (texts, numbers) = rest.split_at(rest.len() / 8 * usize::from(eighths % 9));
    let Ok(texts) = std::str::from_utf8(texts) else { return };
    let mut texts = texts.split('\0');
    let settings = texts.next().unwrap_or_default();
    let [labels, names, size] =
        [(); 3].map(|()| texts.next().filter(|text| !text.is_empty()).map(str::to_owned));
    let mut numbers: Vec<f32> =
        numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if numbers.is_empty() {
        numbers.push(0.0);
    }
    let (role_of, family) = ROLES[usize::from(role) % ROLES.len()];
    let mut model = Told {
        family,
        classes: CLASSES[usize::from(classes) % CLASSES.len()],
        lie,
        inputs: Vec::new(),
        outputs: Vec::new(),
        names,
        size,
        numbers,
    };
    model.declare(family.takes_any_size() || role >= 128);

    let beside = Beside { settings, labels: labels.as_deref() };
    let Ok(detector) = open_as(role_of, Box::new(model), beside) else { return };
    let pixels = Pixels::new(WIDTH as u32, HEIGHT as u32, Channels::Gray, vec![90; WIDTH * HEIGHT]);
    let mut pixels = pixels.expect("a picture");
    let Ok(found) = detector.detect(&pixels) else { return };
    assert!(found.is_sorted_by(|a, b| a.confidence >= b.confidence), "{found:?}");
    for one in &found {
        assert!((0.0..=1.0).contains(&one.confidence), "{one:?}");
        assert_eq!(one.bbox.is_none(), role_of == Role::Tagger, "{one:?}");
        assert!(!one.label.is_empty() && one.label == one.label.to_lowercase(), "{one:?}");
    }
    // Words take the most time of all.
    let found = &found[..found.len().min(8)];
    drop(draw_boxes(&pixels, found));
    let boxes: Vec<_> = found.iter().filter_map(|one| one.bbox).collect();
    redact(&mut pixels, &boxes, RedactStyle::Blur);
});
