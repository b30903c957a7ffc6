//! Corpora and their files: published records, JSONL and Parquet, deduplication, and certificates
//! of what two corpora have in common.

mod certificate;
mod distinct;
mod exposure;
mod gold_record;
#[cfg(feature = "parquet")]
mod parquet_file;
mod published;
mod read_back;
mod resumable;
mod sample;

pub use certificate::{Certificate, Compared, Finding, Side, Witness};
pub use distinct::Distinct;
pub use exposure::{Evaluated, Exposure, ExposureCertificate, Seen, StageCounter, StageExposure};
pub use gold_record::GoldRecord;
#[cfg(feature = "parquet")]
pub use parquet_file::write_parquet;
pub use resumable::ResumableWriter;
pub use sample::{Sample, SampleReader, write_samples};
