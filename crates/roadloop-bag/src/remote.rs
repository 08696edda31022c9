//! Files that lie elsewhere. What is read in order is fetched ahead in large
//! parts, several at once; what is read here and there in small ones.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::{Bytes, BytesMut};

use crate::passed::Passed;

/// The first part of a place nobody read before.
const FIRST: u64 = 256 << 10;

/// Where it begins.
const ALIGN: u64 = 64 << 10;

/// Each part that is read in order is so many times as large as the one before.
const GROWTH: u64 = 4;

/// A request of 8 to 16 MB is as fast as a store gives, one after the other.
const LARGEST: u64 = 8 << 20;

/// Parts on their way at once, which is what makes a store fast.
const AHEAD: usize = 4;

/// What is kept of a file: parts on their way, those just read, and those the
/// threads that decompress chunks are at.
const KEPT: u64 = 96 << 20;

/// A file that lies elsewhere, and is read over a network.
pub trait RemoteFile: fmt::Debug + Send + Sync {
    /// In bytes; `None` where it can only be read from start to end.
    fn size(&self) -> Option<u64>;

    /// Exactly `count` bytes from `from`. May wait; called on threads of its own.
    fn read(&self, from: u64, count: u64) -> io::Result<Bytes>;

    /// All of it, from its start.
    fn stream(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// A file that can be read anywhere, in parts that are kept for a while. Shared
/// by all who read it.
#[derive(Debug)]
pub(crate) struct Parts {
    file: Arc<dyn RemoteFile>,
    len: u64,
    kept: Mutex<Kept>,
    failure: OnceLock<String>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By where they begin; none overlaps another.
    parts: BTreeMap<u64, Part>,
    /// Counts what is asked for.
    clock: u64,
    /// Not fetched but for who asks.
    gaps: Passed,
}

#[derive(Debug)]
struct Part {
    len: u64,
    last_used: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Here(Bytes),
    Coming(JoinHandle<io::Result<Bytes>>),
    /// To be fetched by whoever needs it.
    Wanted,
}

impl Parts {
    pub(crate) fn new(file: Arc<dyn RemoteFile>, len: u64) -> Parts {
        Parts { file, len, kept: Mutex::default(), failure: OnceLock::new() }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
        self.file.stream()
    }

    /// Why something could not be fetched: that is no damage of the file.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// What the last one who began to read it will not ask for.
    pub(crate) fn leave_out(&self, gaps: &Passed) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).gaps.clone_from(gaps);
    }

    /// Bytes that hold the ones asked for, which must be in the file, and where
    /// they begin.
    pub(crate) fn get(&self, at: u64, count: u64) -> io::Result<(u64, Bytes)> {
        let got = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(self, at, count);
        if let Err(error) = &got {
            // The first is the one to be told.
            let _ = self.failure.set(say(error));
        }
        got
    }
}

/// With what is behind it: clients wrap the reason more than once.
fn say(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.get_ref().and_then(|inner| inner.source());
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

impl Kept {
    fn get(&mut self, of: &Parts, at: u64, count: u64) -> io::Result<(u64, Bytes)> {
        let end = at + count;
        let (start, first) = self.part_at(of, at, count)?;
        if end <= start + first.len() as u64 {
            return Ok((start, first));
        }
        let mut joined = BytesMut::with_capacity(count as usize);
        joined.extend_from_slice(&first[(at - start) as usize..]);
        while (joined.len() as u64) < count {
            let next_at = at + joined.len() as u64;
            let (start, part) = self.part_at(of, next_at, end - next_at)?;
            let part = &part[(next_at - start) as usize..];
            joined.extend_from_slice(&part[..part.len().min((end - next_at) as usize)]);
        }
        Ok((at, joined.freeze()))
    }

    /// The part that holds a byte, fetched where it is not here, with those that
    /// will be wanted after it on their way.
    fn part_at(&mut self, of: &Parts, at: u64, count: u64) -> io::Result<(u64, Bytes)> {
        self.clock += 1;
        let start = match self.holding(at) {
            Some((start, _)) => start,
            None => self.begin(of, at, count),
        };
        self.begin_following(of, start);
        let Some(part) = self.parts.get_mut(&start) else { return Err(stopped()) };
        part.last_used = self.clock;
        if let Content::Here(bytes) = &part.content {
            return Ok((start, bytes.clone()));
        }
        let len = part.len;
        let bytes = match self.parts.remove(&start).map(|part| part.content) {
            Some(Content::Coming(thread)) => thread.join().unwrap_or_else(|_| Err(stopped()))?,
            _ => of.file.read(start, len)?,
        };
        if bytes.len() as u64 != len {
            return Err(io::Error::other("a part that came is shorter than it should be"));
        }
        let content = Content::Here(bytes.clone());
        self.parts.insert(start, Part { len, last_used: self.clock, content });
        self.forget();
        Ok((start, bytes))
    }

    /// Where the part begins that holds a byte, and its length.
    fn holding(&self, at: u64) -> Option<(u64, u64)> {
        let (start, part) = self.parts.range(..=at).next_back()?;
        (at < start + part.len).then_some((*start, part.len))
    }

    /// A part that nobody has. It goes on from the one before it where there is
    /// one; else it begins a little before what is wanted, for what is asked for
    /// next at the end of a file lies there.
    fn begin(&mut self, of: &Parts, at: u64, count: u64) -> u64 {
        let before = self.before(at);
        let start = if before.is_some() { at } else { self.free_from(at) };
        let len = before.map_or(FIRST, |len| (len * GROWTH).min(LARGEST));
        let len = len.max((at - start + count).min(LARGEST)).min(self.free_to(of, at) - start);
        let last_used = self.clock;
        self.parts.insert(start, Part { len, last_used, content: Content::Wanted });
        start
    }

    /// Those behind a part that was reached by reading on.
    fn begin_following(&mut self, of: &Parts, start: u64) {
        if self.before(start).is_none() {
            return;
        }
        let (mut at, mut len) = (start, 0);
        for _ in 0..=AHEAD {
            if let Some((held_at, held)) = self.holding(at) {
                (at, len) = (held_at, held);
            } else {
                len = (len * GROWTH).min(LARGEST).min(self.free_to(of, at) - at);
                self.fetch(of, at, len);
            }
            at = self.gaps.behind(at + len);
            if at >= of.len {
                return;
            }
        }
    }

    fn fetch(&mut self, of: &Parts, at: u64, len: u64) {
        let file = Arc::clone(&of.file);
        let work = move || file.read(at, len);
        let thread = thread::Builder::new().name("fetch".to_owned()).spawn(work);
        let content = thread.map_or(Content::Wanted, Content::Coming);
        self.parts.insert(at, Part { len, last_used: self.clock, content });
    }

    /// Where a part that holds a byte can begin.
    fn free_from(&self, at: u64) -> u64 {
        let before = self.parts.range(..at).next_back().map_or(0, |(start, part)| start + part.len);
        before.max(at - at % ALIGN)
    }

    /// Where it has to end.
    fn free_to(&self, of: &Parts, at: u64) -> u64 {
        let next = self.parts.range(at..).next().map_or(of.len, |(next, _)| *next);
        self.gaps.next_behind(at).map_or(next, |gap| next.min(gap))
    }

    /// The length of the part that ends where another begins, or where the gap
    /// before that does.
    fn before(&self, start: u64) -> Option<u64> {
        let (at, part) = self.parts.range(..start).next_back()?;
        (self.gaps.behind(at + part.len) == start).then_some(part.len)
    }

    /// Parts that were not read for the longest time go first.
    fn forget(&mut self) {
        let mut kept: u64 = self.parts.values().map(|part| part.len).sum();
        while kept > KEPT {
            let is_here = |part: &Part| matches!(part.content, Content::Here(_));
            let here = self.parts.iter().filter(|(_, part)| is_here(part));
            let Some(oldest) = here.min_by_key(|(_, part)| part.last_used).map(|(at, _)| *at)
            else {
                return;
            };
            kept -= self.parts.remove(&oldest).map_or(0, |part| part.len);
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("a part of the file was lost on its way")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;

    const LEN: usize = 20 << 20;

    static CONTENT: LazyLock<Bytes> = LazyLock::new(|| {
        (0..LEN as u32).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect()
    });

    /// A store that fails once.
    #[derive(Debug)]
    struct Stored {
        reads_before_failure: AtomicUsize,
    }

    impl RemoteFile for Stored {
        fn size(&self) -> Option<u64> {
            Some(LEN as u64)
        }

        fn read(&self, from: u64, count: u64) -> io::Result<Bytes> {
            if self.reads_before_failure.fetch_sub(1, Ordering::SeqCst) == 0 {
                return Err(io::Error::other("the connection was cut"));
            }
            Ok(CONTENT.slice(from as usize..(from + count) as usize))
        }

        fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(Cursor::new(CONTENT.clone())))
        }
    }

    /// Places and lengths, some of them each behind the one before.
    fn any_reads() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let count = prop_oneof![1..200u64, 1..3_000_000u64];
        let read = (proptest::option::of(0..LEN as u64), count);
        proptest::collection::vec(read, 1..30).prop_map(|reads| {
            let mut next = 0;
            let place = |(at, count): (Option<u64>, u64)| {
                let at = at.unwrap_or(next) % LEN as u64;
                let count = count.min(LEN as u64 - at);
                next = at + count;
                (at, count)
            };
            reads.into_iter().map(place).collect()
        })
    }

    proptest! {
        #[test]
        fn any_place_reads_as_it_is(reads in any_reads(), reads_before_failure in 0..40usize) {
            let stored = Stored { reads_before_failure: reads_before_failure.into() };
            let parts = Parts::new(Arc::new(stored), LEN as u64);
            let mut failures = 0;
            for (at, count) in reads {
                match parts.get(at, count) {
                    Ok((start, bytes)) => {
                        let wanted = (at - start) as usize..(at - start + count) as usize;
                        let expected = &CONTENT[at as usize..(at + count) as usize];
                        prop_assert!(bytes.get(wanted) == Some(expected), "{} {}", at, count);
                    }
                    Err(_) => failures += 1,
                }
                let kept = parts.kept.lock().unwrap();
                let ends = kept.parts.iter().map(|(start, part)| start + part.len);
                let starts = kept.parts.keys().copied().skip(1).chain([LEN as u64]);
                prop_assert!(ends.zip(starts).all(|(end, next)| end <= next), "{:?}", kept.parts.keys());
            }
            prop_assert!(failures <= 1);
            prop_assert_eq!(parts.failure().is_some(), failures == 1);
        }
    }
}
