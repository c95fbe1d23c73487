#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| capiscio_fuzz::flags(data));
