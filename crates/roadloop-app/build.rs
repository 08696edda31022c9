//! Tells the binary what it was built for and how, for `--version`.

fn main() {
    for (name, source) in [("ROADLOOP_TARGET", "TARGET"), ("ROADLOOP_PROFILE", "PROFILE")] {
        let value = std::env::var(source).unwrap_or_default();
        println!("cargo::rustc-env={name}={value}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
