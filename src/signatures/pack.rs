//! Our own rules, which the program brings with it: `config/signatures/*.yar`.

use super::compile::SignatureFile;

pub(super) const FILES: &[SignatureFile<'static>] =
    &[SignatureFile { name: "tamis.yar", bytes: include_bytes!("../../config/signatures/tamis.yar") }];
