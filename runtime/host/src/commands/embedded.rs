//! What the binary carries: the guest SDK with the contract, and the examples a project can start from. The lists are
//! made by `build.rs`.

/// A file as a project will have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    /// Its path within the folder it is written to, with `/`.
    pub(crate) path: &'static str,
    /// What is in it.
    pub(crate) bytes: &'static [u8],
}

mod lists {
    use super::File;

    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// The guest SDK with its own copy of the contract, a package that builds anywhere.
pub(crate) const SDK: &[File] = lists::SDK;
/// Answers, plays a tone, hangs up.
pub(crate) const HELLO: &[File] = lists::HELLO;
/// A prompt with three choices.
pub(crate) const MENU: &[File] = lists::MENU;
