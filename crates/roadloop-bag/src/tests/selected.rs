//! What is selected is read, under the same sequences whatever is selected.

use super::*;

#[track_caller]
fn check(selection: &Selection, expected: &[&str]) {
    let scene = Scene::new();
    let folder = scene.path("drive");
    fill(DriveWriter::db3(), 9).write_folder(&folder, 2);
    for (name, writer) in writers() {
        let path = scene.file(name, &fill(writer, 9).finish());
        for path in [&path, &folder] {
            assert_eq!(read(path, selection).unwrap().names(), expected, "{name}");
        }
    }
}

#[test]
fn by_topic() {
    let topics = vec![REAR.to_owned()];
    let selection = Selection { topics, ..Selection::default() };
    check(&selection, &["rear 0", "rear 1", "rear 2", "rear 3", "rear 4"]);
}

#[test]
fn every_fourth() {
    let selection = Selection { every: 4, ..Selection::default() };
    check(&selection, &["front 0", "rear 0", "front 4", "front 8", "rear 4"]);
}

#[test]
fn two_a_second() {
    let selection = Selection { rate_hz: Some(2.0), ..Selection::default() };
    check(&selection, &["front 0", "rear 0", "front 5", "rear 3"]);
}

#[track_caller]
fn check_refused(drive: &DriveWriter, selection: &Selection, expected: &str) {
    let scene = Scene::new();
    let path = scene.file("drive.bag", &drive.finish());
    let error = read(&path, selection).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_cannot_be_selected() {
    let drive = fill(DriveWriter::bag(), 2);
    let topic = |topic: &str| Selection { topics: vec![topic.to_owned()], ..Default::default() };
    check_refused(
        &drive,
        &topic("/back"),
        "topic \"/back\" is not in the recording; it has /front/image_raw, /gps, /rear/image_raw/compressed",
    );
    check_refused(
        &drive,
        &topic("/gps"),
        "topic \"/gps\" carries sensor_msgs/NavSatFix in ros1, not camera images",
    );
    for rate_hz in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let selection = Selection { rate_hz: Some(rate_hz), ..Default::default() };
        check_refused(&drive, &selection, "is no rate; expected frames per second");
    }
    let mut no_camera = DriveWriter::bag();
    no_camera.push("/gps", START, Picture::other("NavSatFix", vec![0; 40]));
    check_refused(
        &no_camera,
        &Selection::default(),
        "the recording has no camera topics; it has /gps (sensor_msgs/NavSatFix)",
    );
    check_refused(&DriveWriter::bag(), &Selection::default(), "it has none at all");
}
