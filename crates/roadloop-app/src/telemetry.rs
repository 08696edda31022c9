//! Nothing leaves this machine: ONNX Runtime's own telemetry is off.

use std::env;

/// What ONNX Runtime asks before it makes a number for this device, keeps it
/// in the home folder and gathers events for its maker. Its switch in the C
/// interface comes too late for the first of them.
const SWITCH: &str = "ORT_DISABLE_TELEMETRY";

/// To be called in `main` before any thread runs.
#[expect(unsafe_code, reason = "the library reads nothing but the environment so early")]
pub(crate) fn switch_off() {
    // SAFETY: no other thread runs yet, so none reads the environment.
    unsafe { env::set_var(SWITCH, "1") };
}
