//! Tells the program the versions that it was built with, for the head of the table.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    let rustc = std::env::var("RUSTC").expect("cargo names its compiler");
    let version = Command::new(rustc).arg("--version").output();
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    println!("cargo:rustc-env=BENCH_RUSTC={}", version.trim());
    let lock = std::fs::read_to_string("../../Cargo.lock").expect("the workspace has a lock file");
    for (name, variable) in [("tokio", "BENCH_TOKIO"), ("smol", "BENCH_SMOL")] {
        let version = lock
            .split(&format!("name = \"{name}\"\nversion = \""))
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("the lock file has it");
        println!("cargo:rustc-env={variable}={version}");
    }
}
