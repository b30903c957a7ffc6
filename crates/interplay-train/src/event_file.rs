//! The metrics of a stage as a TensorBoard event file, beside `metrics.jsonl`.
//!
//! The file follows from the metrics alone: the time of an event is the number of its step, in seconds, so two runs of the same
//! spec write the same bytes, and a resumed run those of an uninterrupted one. Values that are not finite are left out.
//!
//! Source: the record format of TensorFlow's `record_writer.cc` (length, masked CRC-32C, data, masked CRC-32C) and
//! `event.proto`, of which this writes the fields wall time, step, file version, and summary values with a tag and a
//! plain value.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::TrainError;

/// The name of the file. TensorBoard looks for `tfevents`; the number, a time elsewhere, orders several files.
pub(crate) const NAME: &str = "events.out.tfevents.0.interplay";

/// An event file that grows with each step.
#[derive(Debug)]
pub(crate) struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Rewrites the file from the recorded steps.
    pub(crate) fn create<'a>(
        path: &Path,
        steps: impl IntoIterator<Item = (u64, &'a BTreeMap<String, Option<f64>>)>,
    ) -> Result<Self, TrainError> {
        let mut bytes = record(&version());
        for (step, numbers) in steps {
            let numbers = numbers.iter();
            let finite = numbers.filter_map(|(name, value)| Some((name.as_str(), (*value)?)));
            bytes.extend(record(&event(step, finite)));
        }
        let file = File::create(path).map_err(TrainError::io("create", path))?;
        let mut events = Self {
            path: path.to_owned(),
            file,
        };
        events.append(&bytes)?;
        Ok(events)
    }

    /// Appends the metrics of a step, sorted by name.
    pub(crate) fn write(
        &mut self,
        step: u64,
        numbers: &BTreeMap<&str, f64>,
    ) -> Result<(), TrainError> {
        let numbers = numbers.iter().map(|(name, value)| (*name, *value));
        self.append(&record(&event(step, numbers)))
    }

    /// Makes the events durable.
    pub(crate) fn sync(&self) -> Result<(), TrainError> {
        let synced = self.file.sync_data();
        synced.map_err(TrainError::io("sync", &self.path))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), TrainError> {
        let written = self.file.write_all(bytes);
        written.map_err(TrainError::io("write", &self.path))
    }
}

/// A record around data.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(data.len() + 16);
    bytes.extend(length);
    bytes.extend(masked_crc(&length).to_le_bytes());
    bytes.extend(data);
    bytes.extend(masked_crc(data).to_le_bytes());
    bytes
}

/// The checksum, rotated and shifted so that a checksum over data with a checksum in it stays useful.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// The event that opens a file.
fn version() -> Vec<u8> {
    let mut event = Message::default();
    event.double(1, 0.0);
    event.bytes(3, b"brain.Event:2");
    event.0
}

/// The event of a step.
fn event<'a>(step: u64, numbers: impl Iterator<Item = (&'a str, f64)>) -> Vec<u8> {
    let mut summary = Message::default();
    for (name, value) in numbers.filter(|(_, value)| value.is_finite()) {
        let mut number = Message::default();
        number.bytes(1, name.as_bytes());
        number.float(2, value as f32);
        summary.bytes(1, &number.0);
    }
    let mut event = Message::default();
    event.double(1, step as f64);
    event.integer(2, step);
    event.bytes(5, &summary.0);
    event.0
}

/// A protocol buffer message, written field by field.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A field's number with its wire type.
    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn integer(&mut self, field: u64, value: u64) {
        self.key(field, 0);
        self.varint(value);
    }

    fn double(&mut self, field: u64, value: f64) {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    fn float(&mut self, field: u64, value: f32) {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_those_of_the_format() {
        // The CRC-32C of "123456789" is 0xe3069283; masked: rotated right by 15 bits, plus the constant.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let masked = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked_crc(b"123456789"), masked);
        let framed = record(b"ab");
        assert_eq!(framed.len(), 8 + 4 + 2 + 4);
        assert_eq!(
            (&framed[..8], &framed[12..14]),
            (&[2, 0, 0, 0, 0, 0, 0, 0][..], &b"ab"[..])
        );
    }

    #[test]
    fn an_event_has_the_fields_of_the_schema() {
        let numbers = [("loss", 0.5), ("lost", f64::NAN)];
        let mut expected = vec![0x09];
        expected.extend(300.0_f64.to_le_bytes());
        // The step 300, then a summary of one value: tag, number.
        expected.extend([0x10, 0xac, 0x02, 0x2a, 0x0d, 0x0a, 0x0b, 0x0a, 0x04]);
        expected.extend(b"loss");
        expected.push(0x15);
        expected.extend(0.5_f32.to_le_bytes());
        assert_eq!(event(300, numbers.into_iter()), expected);
    }
}
