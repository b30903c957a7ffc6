//! A table as a Parquet file.
//!
//! Deviations: nothing of the Arrow type system is used, only Parquet's own: texts are optional UTF-8
//! strings, whole numbers signed 64-bit integers, numbers optional doubles. All rows are one row group,
//! compressed with Snappy, which every reader has.

use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::column::Column;
use crate::{AtomicFile, FileError};

/// Writes the columns; the file appears when it is complete.
pub(crate) fn write(path: &Path, columns: &[(&str, Column)]) -> Result<(), FileError> {
    let file = AtomicFile::create(path)?;
    let written = write_to(file, columns);
    let wrong = |source| FileError::io("write", path)(io::Error::other(source));
    written.map_err(wrong)?.commit()
}

fn write_to(file: AtomicFile, columns: &[(&str, Column)]) -> Result<AtomicFile, ParquetError> {
    let fields = columns.iter().map(|(name, column)| field(name, column));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("table")
        .with_fields(fields)
        .build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (_, column) in columns {
        if let Some(mut output) = group.next_column()? {
            write_column(&mut output, column)?;
            output.close()?;
        }
    }
    group.close()?;
    writer.into_inner()
}

fn field(name: &str, column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, repetition, logical) = match column {
        Column::Texts(_) => (
            Physical::BYTE_ARRAY,
            Repetition::OPTIONAL,
            Some(LogicalType::String),
        ),
        Column::Integers(_) => (Physical::INT64, Repetition::REQUIRED, None),
        Column::Numbers(_) => (Physical::DOUBLE, Repetition::OPTIONAL, None),
    };
    let builder = Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical);
    builder.build().map(Arc::new)
}

fn write_column(
    output: &mut SerializedColumnWriter<'_>,
    column: &Column,
) -> Result<(), ParquetError> {
    fn present<T>(values: &[Option<T>]) -> Vec<i16> {
        let present = values.iter().map(|value| i16::from(value.is_some()));
        present.collect()
    }
    match column {
        Column::Texts(values) => {
            let texts: Vec<ByteArray> = values
                .iter()
                .flatten()
                .map(|text| (**text).into())
                .collect();
            let levels = present(values);
            let output = output.typed::<ByteArrayType>();
            output.write_batch(&texts, Some(&levels), None)?;
        }
        Column::Integers(values) => {
            output
                .typed::<Int64Type>()
                .write_batch(values, None, None)?;
        }
        Column::Numbers(values) => {
            let numbers: Vec<f64> = values.iter().flatten().copied().collect();
            let levels = present(values);
            let output = output.typed::<DoubleType>();
            output.write_batch(&numbers, Some(&levels), None)?;
        }
    }
    Ok(())
}
