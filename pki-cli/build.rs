//! On Linux with glibc, the unwinder comes from gcc's static library where there is one. The shared one, libgcc_s.so, is
//! a file more to find, map and relocate at every start, about an eighth of the time that `hapki --version` takes.

#![allow(
    clippy::print_stdout,
    reason = "this is how a build script speaks to cargo"
)]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let host = std::env::var("HOST").ok() == std::env::var("TARGET").ok();
    let shared = !target("FEATURE").split(',').any(|one| one == "crt-static");
    if host && shared && target("OS") == "linux" && target("ENV") == "gnu" && found() {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the C compiler, which links, knows where the library is: it prints the bare name if not.
fn found() -> bool {
    Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .is_ok_and(|output| {
            let path = String::from_utf8_lossy(&output.stdout);
            Path::new(path.trim()).is_absolute()
        })
}
