//! Hints for people about failed steps, found by known phrases in the output.

/// Phrases in an output, and the hint for them.
const CASES: &[(&[&str], &str)] = &[
    (
        &["no space left on device", "enospc", "disk quota exceeded"],
        "The disk is full. The first build needs about 6 GB: free some, or run `cargo clean`.",
    ),
    (
        &[
            "could not resolve host",
            "could not resolve hostname",
            "enotfound",
            "eai_again",
            "econnrefused",
            "etimedout",
            "network is unreachable",
            "failed to download",
            "could not download file",
            "failed to lookup address",
            "dns error",
        ],
        "The network could not be reached. The first run downloads tools and libraries; later ones need no network.",
    ),
    (
        &["permission denied", "eacces", "read-only file system"],
        "A file or directory could not be written: look at who owns the checkout, `~/.cargo`, `~/.rustup` and `~/.npm`.",
    ),
    (
        &["linker `cc` not found", "failed to find tool \"cc\"", "is `cc` not installed"],
        "A C compiler is missing: install gcc or clang (Debian: `apt-get install build-essential`; macOS: `xcode-select --install`).",
    ),
];

/// Returns the hint for this output, if it is a known case.
#[must_use]
pub fn for_output(output: &str) -> Option<&'static str> {
    let output = output.to_lowercase();
    CASES.iter().find(|(words, _)| words.iter().any(|word| output.contains(word))).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_failures_have_a_hint() {
        let check = |output: &str, word: &str| {
            assert!(for_output(output).is_some_and(|a| a.contains(word)), "{output}");
        };
        check("error: No space left on device (os error 28)", "disk");
        check("npm error code ENOTFOUND", "network");
        check("error: could not download file from '…'", "network");
        check("npm error EACCES: permission denied, mkdir", "written");
        check("error: linker `cc` not found", "compiler");
        assert_eq!(for_output("error[E0308]: mismatched types"), None);
    }
}
