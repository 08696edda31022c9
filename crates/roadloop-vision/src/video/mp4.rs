//! The MP4 around a stream: samples one behind the other, then the tables that
//! say when each is shown. ISO/IEC 14496-12.

use std::io::{self, Seek, SeekFrom, Write};

use roadloop_base::VideoCodec;

use super::codec::{UnitKind, Units};
use super::entry::entry;
use super::sps::Sps;

/// Of all times in the file.
pub(super) const TICKS_PER_SECOND: u32 = 90_000;

/// Shown so long where there is no other frame to tell: a 30th of a second.
const LONE_FRAME_TICKS: u32 = TICKS_PER_SECOND / 30;

#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// When it is shown; later than the one before.
    pub(super) tick: i64,
    /// Needs no other frame.
    pub(super) is_key: bool,
    pub(super) len: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    pub(super) codec: VideoCodec,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Where the stream is not our own.
    pub(super) sps: Option<Sps>,
    /// Whether its colours are BT.709's, limited range.
    pub(super) has_color: bool,
}

pub(super) struct Mp4Writer<W> {
    into: W,
    /// Where the data begins.
    data_at: u64,
    samples: Vec<Sample>,
    codec: VideoCodec,
    /// The first parameter set of each type, in the order of their types.
    sets: Vec<(u8, Vec<u8>)>,
}

impl<W: Write + Seek> Mp4Writer<W> {
    pub(super) fn new(mut into: W, codec: VideoCodec) -> io::Result<Mp4Writer<W>> {
        into.write_all(&boxed(b"ftyp", &[b"isom", &[0, 0, 2, 0], b"isomiso2avc1mp41"]))?;
        // The data's size is 64 bits, written at the end.
        into.write_all(&[0, 0, 0, 1])?;
        into.write_all(b"mdat")?;
        into.write_all(&[0; 8])?;
        let data_at = into.stream_position()?;
        Ok(Mp4Writer { into, data_at, samples: Vec::new(), codec, sets: Vec::new() })
    }

    /// Adds a unit to a sample, with its length in place of its start code; the
    /// parameter sets go to the index.
    pub(super) fn add_unit(&mut self, unit: &[u8], sample: &mut Vec<u8>) {
        let unit = match unit {
            [0, 0, 0, 1, unit @ ..] | [0, 0, 1, unit @ ..] => unit,
            unit => unit,
        };
        match self.codec.kind(unit) {
            UnitKind::Set(kind) => {
                if self.sets.iter().all(|(known, _)| *known != kind) {
                    self.sets.push((kind, unit.to_vec()));
                    self.sets.sort_by_key(|(kind, _)| *kind);
                }
            }
            _ if unit.is_empty() => {}
            _ => {
                sample.extend((unit.len() as u32).to_be_bytes());
                sample.extend(unit);
            }
        }
    }

    pub(super) fn add(&mut self, data: &[u8], sample: Sample) -> io::Result<()> {
        self.into.write_all(data)?;
        self.samples.push(Sample { len: data.len() as u32, ..sample });
        Ok(())
    }

    pub(super) fn samples(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn finish(mut self, track: Track) -> io::Result<W> {
        let end = self.into.stream_position()?;
        self.into.write_all(&self.index(track))?;
        self.into.seek(SeekFrom::Start(self.data_at - 8))?;
        self.into.write_all(&(end - self.data_at + 16).to_be_bytes())?;
        self.into.seek(SeekFrom::End(0))?;
        Ok(self.into)
    }

    fn index(&self, track: Track) -> Vec<u8> {
        let Track { width, height, .. } = track;
        let shown = self.durations();
        let duration: u64 = shown.iter().map(|ticks| u64::from(*ticks)).sum();
        let movie = full(
            b"mvhd",
            1,
            0,
            &[
                &[0; 16],
                &TICKS_PER_SECOND.to_be_bytes(),
                &duration.to_be_bytes(),
                &[0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                &IDENTITY,
                &[0; 24],
                &2u32.to_be_bytes(),
            ],
        );
        let header = full(
            b"tkhd",
            1,
            3,
            &[
                &[0; 16],
                &1u32.to_be_bytes(),
                &[0; 4],
                &duration.to_be_bytes(),
                &[0; 16],
                &IDENTITY,
                &(width << 16).to_be_bytes(),
                &(height << 16).to_be_bytes(),
            ],
        );
        let media_header = full(
            b"mdhd",
            1,
            0,
            &[
                &[0; 16],
                &TICKS_PER_SECOND.to_be_bytes(),
                &duration.to_be_bytes(),
                // No language.
                &[0x55, 0xc4, 0, 0],
            ],
        );
        let handler = full(b"hdlr", 0, 0, &[&[0; 4], b"vide", &[0; 12], b"video\0"]);
        let here = full(b"dref", 0, 0, &[&1u32.to_be_bytes(), &full(b"url ", 0, 1, &[])]);
        let information = boxed(
            b"minf",
            &[
                &full(b"vmhd", 0, 1, &[&[0; 8]]),
                &boxed(b"dinf", &[&here]),
                &self.table(track, &shown),
            ],
        );
        let media = boxed(b"mdia", &[&media_header, &handler, &information]);
        boxed(b"moov", &[&movie, &boxed(b"trak", &[&header, &media])])
    }

    /// How long each frame is shown: until the next, the last as long as most.
    fn durations(&self) -> Vec<u32> {
        let pairs = self.samples.windows(2);
        let mut shown: Vec<u32> = pairs
            .map(|pair| u32::try_from(pair[1].tick - pair[0].tick).unwrap_or(u32::MAX))
            .collect();
        let mut sorted = shown.clone();
        sorted.sort_unstable();
        if !self.samples.is_empty() {
            shown.push(sorted.get(sorted.len() / 2).copied().unwrap_or(LONE_FRAME_TICKS));
        }
        shown
    }

    fn table(&self, track: Track, shown: &[u32]) -> Vec<u8> {
        let mut times = Vec::new();
        for run in shown.chunk_by(|a, b| a == b) {
            times.extend((run.len() as u32).to_be_bytes());
            times.extend(run[0].to_be_bytes());
        }
        let counted = |entries: &[u8], size: usize| {
            [&((entries.len() / size) as u32).to_be_bytes(), entries].concat()
        };
        let keys = self.samples.iter().zip(1u32..).filter(|(sample, _)| sample.is_key);
        let keys: Vec<u8> = keys.flat_map(|(_, number)| number.to_be_bytes()).collect();
        let sizes = self.samples.iter().flat_map(|sample| sample.len.to_be_bytes());
        let sizes: Vec<u8> = sizes.collect();
        let samples = self.samples.len() as u32;
        // One chunk holds all samples.
        let chunk = [1u32, samples, 1].map(u32::to_be_bytes).concat();
        let mut boxes = vec![
            full(b"stsd", 0, 0, &[&1u32.to_be_bytes(), &entry(track, &self.sets)]),
            full(b"stts", 0, 0, &[&counted(&times, 8)]),
            full(b"stss", 0, 0, &[&counted(&keys, 4)]),
            full(b"stsz", 0, 0, &[&[0; 4], &counted(&sizes, 4)]),
        ];
        let (chunks, offsets) = match samples {
            0 => (counted(&[], 12), counted(&[], 8)),
            _ => (counted(&chunk, 12), counted(&self.data_at.to_be_bytes(), 8)),
        };
        boxes.push(full(b"stsc", 0, 0, &[&chunks]));
        boxes.push(full(b"co64", 0, 0, &[&offsets]));
        let boxes: Vec<&[u8]> = boxes.iter().map(Vec::as_slice).collect();
        boxed(b"stbl", &boxes)
    }
}

/// Not turned, not scaled.
const IDENTITY: [u8; 36] = {
    let mut matrix = [0; 36];
    matrix[1] = 1;
    matrix[17] = 1;
    matrix[32] = 0x40;
    matrix
};

pub(super) fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = ((len + 8) as u32).to_be_bytes().to_vec();
    bytes.extend(name);
    parts.iter().for_each(|part| bytes.extend(*part));
    bytes
}

/// A box with a version and flags.
fn full(name: &[u8; 4], version: u8, flags: u8, parts: &[&[u8]]) -> Vec<u8> {
    let start = [version, 0, 0, flags];
    let parts: Vec<&[u8]> = [&start[..]].into_iter().chain(parts.iter().copied()).collect();
    boxed(name, &parts)
}
