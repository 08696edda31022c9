//! Images per second of one model over a folder of pictures, decoding included.
//!
//!     cargo run --release -p roadloop-vision --example detect_bench -- \
//!         objects models/nanodet_g_coco_416.onnx FOLDER [WORKERS] [ROUNDS] [THREADS]
//!
//! The first word is what the model finds: objects, faces, plates or text.
//! Its peer in Python is `benches/peer_detect.py`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use roadloop_vision::{
    Detector, DetectorOptions, FinderOptions, ModelSource, SessionOptions, decode_bytes,
    open_detector, open_face_finder, open_plate_finder, open_text_finder, runtime,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, model, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: detect_bench WHAT MODEL FOLDER [WORKERS] [ROUNDS] [THREADS]".into());
    };
    let number = |index: usize, default: usize| {
        rest.get(index).map_or(Ok(default), |text| text.parse::<usize>())
    };
    let (workers, rounds, threads) = (number(0, 1)?.max(1), number(1, 3)?.max(1), number(2, 1)?);
    runtime::load(&runtime::locate(None, &[])?)?;
    let session = SessionOptions { threads, at_once: workers, keeps_memory: true };
    let source = ModelSource::File(PathBuf::from(model));
    let finder = FinderOptions { session, ..FinderOptions::default() };
    let detector = match what.as_str() {
        "objects" => {
            open_detector(&source, &DetectorOptions { session, ..DetectorOptions::default() })
        }
        "faces" => open_face_finder(&source, &finder),
        "plates" => open_plate_finder(&source, &finder),
        "text" => open_text_finder(&source, &finder),
        other => return Err(format!("{other} is not objects, faces, plates or text").into()),
    }?;

    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "png" || end == "jpg"))
        .collect();
    files.sort();
    let first = files.first().ok_or("the folder holds no .png or .jpg")?;
    look(detector.as_ref(), first)?; // warm-up

    let images = files.len() * rounds;
    let next = AtomicUsize::new(0);
    let sums = Mutex::new((Duration::ZERO, Duration::ZERO, 0));
    let (start, cpu) = (Instant::now(), cpu_time());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= images {
                        break;
                    }
                    let (read, detect, found) =
                        look(detector.as_ref(), &files[index % files.len()])
                            .expect("a picture that can be decoded");
                    let mut sums = sums.lock().expect("no worker panicked");
                    sums.0 += read;
                    sums.1 += detect;
                    sums.2 += found;
                }
            });
        }
    });
    let wall = start.elapsed().as_secs_f64();
    let cpu = (cpu_time() - cpu).as_secs_f64();
    let (read, detect, found) = *sums.lock().expect("no worker panicked");
    let each = |time: Duration| 1000.0 * time.as_secs_f64() / images as f64;
    println!(
        "{images} images, {found} detections, {:.1} images/s, {:.2} ms CPU per image",
        images as f64 / wall,
        1000.0 * cpu / images as f64
    );
    println!("read {:.2} ms, detect {:.2} ms", each(read), each(detect));
    println!("peak memory {} MB", peak_memory_mb());
    Ok(())
}

fn look(
    detector: &dyn Detector,
    path: &Path,
) -> Result<(Duration, Duration, usize), Box<dyn Error>> {
    let start = Instant::now();
    let image = decode_bytes(&fs::read(path)?)?;
    let read = start.elapsed();
    let found = detector.detect(&image)?.len();
    Ok((read, start.elapsed() - read, found))
}

/// User and system time of this process, from the kernel's ticks of 10 ms.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The command, in parentheses, may hold spaces; fields 14 and 15 follow it.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

fn peak_memory_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kb.unwrap_or(0) / 1024
}
