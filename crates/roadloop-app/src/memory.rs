//! How the C allocator keeps memory: ONNX Runtime takes and gives back blocks
//! of tens of megabytes at every look, and glibc would keep them.

/// Blocks of this size and more go back to the system when they are freed.
/// Left alone, glibc raises this to 32 MiB by itself and a run at 1280x720
/// peaks at 820 MB; fixed at 4 MB it peaks at 420 MB in the same time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MMAP_THRESHOLD_BYTES: i32 = 4_000_000;

/// Smaller blocks, pictures among them, are kept for the next frame up to this:
/// fresh pages cost a third of the time of an extraction.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TRIM_THRESHOLD_BYTES: i32 = 64_000_000;

/// Each arena keeps what was freed in it for itself.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MOST_ARENAS: i32 = 4;

/// To be called first thing in `main`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "mallopt has no safe form")]
pub(crate) fn give_back_large_blocks() {
    // SAFETY: mallopt takes two integers and touches only the allocator's own
    // settings; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
        libc::mallopt(libc::M_ARENA_MAX, MOST_ARENAS);
    }
}

/// Other C libraries give large blocks back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back_large_blocks() {}
