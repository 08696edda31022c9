//! What the binary carries: the default models and the demo recording, so
//! that one file is all there is to install. Origins and licences: `NOTICE`.

use roadloop_engine::ModelFile;

macro_rules! model {
    ($name:literal) => {
        ModelFile::Embedded {
            name: $name,
            bytes: include_bytes!(concat!("../../../models/", $name, ".onnx")),
        }
    };
}

/// Objects: NanoDet-g, 80 COCO classes.
pub(crate) const DETECTOR: ModelFile = model!("nanodet_g_coco_416");
/// Faces: CenterFace.
pub(crate) const FACES: ModelFile = model!("centerface_dyn");
/// Licence plates: a RetinaFace-like detector.
pub(crate) const PLATES: ModelFile = model!("clp_det");
/// Text: PP-OCRv4's detector.
pub(crate) const TEXTS: ModelFile = model!("ch_PP-OCRv4_det_infer");
/// What is written there: PP-OCRv4's recogniser.
pub(crate) const READER: ModelFile = model!("ch_PP-OCRv4_rec_infer");

/// A few seconds of a drive, two cameras.
pub(crate) const DEMO_RECORDING: &[u8] = include_bytes!("../../../testdata/demo/demo.mcap");
