//! The main job: a recording in, a searchable, anonymised catalog out.

use std::fs;
use std::path::PathBuf;

use roadloop_bag::testing::{DriveWriter, Picture};

use crate::workspace::{Workspace, files_below};

/// A picture of the vision crate's test data.
pub(crate) fn picture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../roadloop-vision/testdata/pictures");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

/// An MCAP drive of one JPEG camera.
pub(crate) fn small_drive(workspace: &Workspace, frames: u32) -> PathBuf {
    let jpeg = picture("street.jpg");
    let mut writer = DriveWriter::mcap();
    for number in 0..frames {
        let time = START + u64::from(number) * 100_000_000;
        let topic = "/camera/front/image_raw/compressed";
        writer.push(topic, time, Picture::jpeg(jpeg.clone()));
    }
    workspace.write("drive.mcap", &writer.finish())
}

/// A ROS 1 bag of one raw camera; no two frames are alike.
pub(crate) fn small_bag(workspace: &Workspace, frames: u32) -> PathBuf {
    let mut writer = DriveWriter::bag();
    for number in 0..frames {
        let pixels = (0..32 * 24 * 3).map(|i| (i * 7 + number * 31) as u8).collect();
        let time = START + u64::from(number) * 100_000_000;
        writer.push("/camera/rear/image_raw", time, Picture::rgb8(32, 24, pixels));
    }
    workspace.write("drive.bag", &writer.finish())
}

/// 2026-05-04T09:30:00Z
const START: u64 = 1_777_887_000_000_000_000;
