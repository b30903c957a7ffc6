//! Rows of a Parquet file as values that `serde` reads.
//!
//! Deviations: only what the Parquet library reads without further features: no compression or
//! Snappy, which is what this project, pandas and Hugging Face `datasets` write unless told
//! otherwise.

use std::fmt;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::FileError;

/// The rows of a file, one after the other.
pub(crate) struct Rows {
    rows: RowIter<'static>,
    total: u64,
    read: u64,
}

impl Rows {
    /// # Errors
    /// A file that cannot be opened or is not Parquet.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let wrong = FileError::io("read", path);
        let file = File::open(path).map_err(&wrong)?;
        let reader = guarded(|| SerializedFileReader::new(file)).map_err(|error| {
            wrong(io::Error::new(
                io::ErrorKind::InvalidData,
                error.to_string(),
            ))
        })?;
        let total = reader.metadata().file_metadata().num_rows();
        Ok(Self {
            total: u64::try_from(total).unwrap_or(0),
            rows: RowIter::from_file_into(Box::new(reader)),
            read: 0,
        })
    }

    /// The next row; none after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Value>, ParquetError> {
        let row = guarded(|| self.rows.next().transpose())?;
        self.read += 1;
        Ok(row.map(|row| Value(Field::Group(row))))
    }

    /// The share of `size` that the rows read so far amount to.
    pub(crate) fn done(&self, size: u64) -> u64 {
        let share = self.read.min(self.total) as f64 / self.total.max(1) as f64;
        (share * size as f64) as u64
    }
}

/// The Parquet library panics on some broken files; those are errors here.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ParquetError::General("the file is broken".to_owned())))
}

/// A value of a row, or the row itself.
#[derive(Debug)]
pub(crate) struct Value(Field);

/// Why a row is not what was expected.
#[derive(Debug)]
pub(crate) struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(reason.to_string())
    }
}

impl IntoDeserializer<'_, Mismatch> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Field::Null => visitor.visit_unit(),
            Field::Bool(value) => visitor.visit_bool(value),
            Field::Byte(value) => visitor.visit_i8(value),
            Field::Short(value) => visitor.visit_i16(value),
            Field::Int(value) | Field::Date(value) | Field::TimeMillis(value) => {
                visitor.visit_i32(value)
            }
            Field::Long(value)
            | Field::TimeMicros(value)
            | Field::TimestampMillis(value)
            | Field::TimestampMicros(value) => visitor.visit_i64(value),
            Field::UByte(value) => visitor.visit_u8(value),
            Field::UShort(value) => visitor.visit_u16(value),
            Field::UInt(value) => visitor.visit_u32(value),
            Field::ULong(value) => visitor.visit_u64(value),
            Field::Float16(value) => visitor.visit_f32(value.to_f32()),
            // As in JSON lines, what is no number counts as no value.
            Field::Float(value) if !value.is_finite() => visitor.visit_unit(),
            Field::Double(value) if !value.is_finite() => visitor.visit_unit(),
            Field::Float(value) => visitor.visit_f32(value),
            Field::Double(value) => visitor.visit_f64(value),
            Field::Str(value) => visitor.visit_string(value),
            Field::Bytes(value) => {
                visitor.visit_string(String::from_utf8_lossy(value.data()).into_owned())
            }
            field @ Field::Decimal(_) => visitor.visit_string(field.to_string()),
            Field::Group(row) => visitor.visit_map(MapDeserializer::new(fields(row))),
            Field::ListInternal(list) => {
                let elements = list.elements().iter().cloned().map(Value);
                visitor.visit_seq(SeqDeserializer::new(elements))
            }
            Field::MapInternal(map) => {
                let entry = |(key, value): &(Field, Field)| (text(key), Value(value.clone()));
                visitor.visit_map(MapDeserializer::new(map.entries().iter().map(entry)))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Field::Null => visitor.visit_none(),
            Field::Float(value) if !value.is_finite() => visitor.visit_none(),
            Field::Double(value) if !value.is_finite() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    /// A unit variant, by name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(text(&self.0).into_deserializer())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn fields(row: Row) -> impl Iterator<Item = (String, Value)> {
    row.into_columns()
        .into_iter()
        .map(|(name, field)| (name, Value(field)))
}

fn text(field: &Field) -> String {
    match field {
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        other => other.to_string(),
    }
}
