//! Our networks against ONNX Runtime, where it and the shared files are at hand.
//!
//! `ORT_DYLIB_PATH` names the runtime. Shared files lie under `ROADLOOP_SHARED`, or in `shared`
//! beside the workspace.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use ort::environment::Environment;
use roadloop_nets::onnx::{self, OnnxBoxes, OnnxOptions};
use roadloop_nets::weights::{self, COCO_80};
use roadloop_nets::yolox::cells;
use roadloop_nets::{Yolox, YoloxConfig, YoloxSize};

/// A file of `shared/data`, where there is one.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = match env::var_os("ROADLOOP_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    Some(folder.join("data").join(name)).filter(|path| path.exists())
}

/// What ONNX Runtime makes of `images`; `None` where there is no runtime.
fn run(model: &[u8], images: &Tensor<4>) -> Option<Vec<f32>> {
    // The runtime allows one environment for the life of a process.
    static ENVIRONMENT: OnceLock<Option<Environment>> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(|| {
        let library = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty())?;
        Some(ort::init_from(library).unwrap().build().unwrap())
    });
    let mut builder = ort::session::Session::builder(environment.as_ref()?).unwrap();
    let mut session = builder.commit_from_memory(model).unwrap();
    let shape = images.dims().to_vec();
    let values: Vec<f32> = images.to_data().try_to_vec().unwrap();
    let input = ort::value::Tensor::from_array((shape, values)).unwrap();
    let outputs = session.run(ort::inputs!["images" => input]).unwrap();
    let (_, values) = outputs["output"].try_extract_tensor::<f32>().unwrap();
    Some(values.to_vec())
}

fn decoded(network: &Yolox, images: Tensor<4>) -> Vec<f32> {
    network.forward(images).decode().into_data().try_to_vec().unwrap()
}

/// The largest difference of boxes, relative above one pixel, and of probabilities.
fn differences(ours: &[f32], theirs: &[f32], classes: usize) -> [f32; 2] {
    assert_eq!(ours.len(), theirs.len());
    let mut largest = [0f32; 2];
    for (ours, theirs) in ours.chunks(5 + classes).zip(theirs.chunks(5 + classes)) {
        for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            let difference = (ours - theirs).abs();
            if at < 4 {
                largest[0] = largest[0].max(difference / theirs.abs().max(1.0));
            } else {
                largest[1] = largest[1].max(difference);
            }
        }
    }
    largest
}

/// The middle 416 x 416 pixels of a photo of 512 x 512, blue, green, red.
fn photo(path: &Path) -> Tensor<4> {
    let mut reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()));
    reader.set_transformations(png::Transformations::EXPAND);
    let mut reader = reader.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let samples = info.color_type.samples();
    let mut values = Vec::new();
    for channel in [2, 1, 0] {
        for y in 48..464 {
            let row = &bytes[y * info.line_size..];
            values.extend((48..464).map(|x| f32::from(row[x * samples + channel])));
        }
    }
    Tensor::from_data(TensorData::new(values, [1, 3, 416, 416]), &Device::flex())
}

#[test]
fn the_exported_nano_is_the_network_it_was() {
    let model = shared("models/yolox_nano_coco_416.onnx");
    let (Some(model), Some(picture)) = (model, shared("photos/astronaut.png")) else { return };
    let images = photo(&picture);
    let Some(mut theirs) = run(&fs::read(&model).unwrap(), &images) else { return };
    // The file gives boxes in cells and logarithms.
    for (numbers, cell) in theirs.chunks_mut(85).zip(cells([[52; 2], [26; 2], [13; 2]])) {
        let stride = cell.stride as f32;
        numbers[0] = (numbers[0] + cell.column as f32) * stride;
        numbers[1] = (numbers[1] + cell.row as f32) * stride;
        numbers[2] = numbers[2].exp() * stride;
        numbers[3] = numbers[3].exp() * stride;
    }
    let config = YoloxConfig { size: YoloxSize::Nano, classes: 80 };
    let tensors = weights::read(&model, config).unwrap();
    let classes = COCO_80.map(str::to_owned);
    let network = config.init(&Device::flex()).unwrap();
    let (network, loaded) = weights::load_yolox(network, &tensors, &classes, true).unwrap();
    assert_eq!(loaded.unsettled().count(), 0);
    let ours = decoded(&network, images.clone());
    let person = theirs.chunks(85).map(|cell| cell[4] * cell[5]).fold(0f32, f32::max);
    assert!(person > 0.5, "the astronaut is seen: {person}");
    let [boxes, probabilities] = differences(&ours, &theirs, 80);
    assert!(boxes < 1e-3 && probabilities < 1e-3, "boxes {boxes}, probabilities {probabilities}");
    // And out again.
    let options = OnnxOptions { size: [416, 416], boxes: OnnxBoxes::Decoded, classes: &classes };
    let again = run(&onnx::encode(&network, &options).unwrap(), &images).unwrap();
    let [boxes, probabilities] = differences(&ours, &again, 80);
    assert!(boxes < 1e-4 && probabilities < 1e-4, "boxes {boxes}, probabilities {probabilities}");
}

/// With norms that have seen something, so that folding them is not trivial.
fn experienced(size: YoloxSize) -> Yolox {
    let device = Device::flex().autodiff();
    let network = YoloxConfig { size, classes: 3 }.init(&device).unwrap();
    for _ in 0..3 {
        let images = Tensor::random([2, 3, 64, 64], Distribution::Uniform(0.0, 255.0), &device);
        network.forward(images);
    }
    network.valid()
}

#[track_caller]
fn check(size: YoloxSize, boxes: OnnxBoxes) {
    let network = experienced(size);
    let classes = ["car", "person", "tram"].map(str::to_owned);
    let options = OnnxOptions { size: [96, 64], boxes, classes: &classes };
    let model = onnx::encode(&network, &options).unwrap();
    let images = Tensor::random([1, 3, 96, 64], Distribution::Uniform(0.0, 255.0), &Device::flex());
    let Some(theirs) = run(&model, &images) else { return };
    let mut ours = decoded(&network, images.clone());
    if boxes == OnnxBoxes::Raw {
        let raw: Vec<f32> = network.forward(images).flat().into_data().try_to_vec().unwrap();
        for (ours, raw) in ours.chunks_mut(8).zip(raw.chunks(8)) {
            ours[..4].copy_from_slice(&raw[..4]);
        }
    }
    let [boxes, probabilities] = differences(&ours, &theirs, 3);
    assert!(boxes < 1e-4 && probabilities < 1e-4, "boxes {boxes}, probabilities {probabilities}");
}

#[test]
fn our_files_give_what_our_networks_give() {
    check(YoloxSize::Nano, OnnxBoxes::Decoded);
    check(YoloxSize::Nano, OnnxBoxes::Raw);
    check(YoloxSize::Tiny, OnnxBoxes::Decoded);
    check(YoloxSize::S, OnnxBoxes::Decoded);
    check(YoloxSize::M, OnnxBoxes::Raw);
}
