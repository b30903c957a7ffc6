//! Samples as a Parquet file, in the published fields, for pandas and Hugging Face `datasets`.
//!
//! Deviations: nothing of the Arrow type system is used, only Parquet's own: texts are UTF-8
//! strings, `op` and `d` 32-bit and `id` 64-bit unsigned integers, nothing is null. Pages are
//! compressed with Snappy, which every reader has.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::whole_file::{beside, io_error, place};
use crate::{Sample, TaskError};

/// The columns, in the order of the published fields.
const SCHEMA: &str = "message sample {
    required binary problem (UTF8);
    required binary question (UTF8);
    required binary solution (UTF8);
    required int32 op (INTEGER(32, false));
    required int64 id (INTEGER(64, false));
    required binary template (UTF8);
    required binary mode (UTF8);
    required binary length (UTF8);
    required int32 d (INTEGER(32, false));
}";

/// Samples in a row group: what is held in memory at a time.
const ROW_GROUP: usize = 8_192;

/// Writes samples as one Parquet file and returns how many.
///
/// The file appears under its name only when it is complete; an existing one is replaced. Memory
/// is that of one row group of 8,192 samples.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskError, TaskSpec, write_parquet};
///
/// let spec = TaskSpec::single(Counts::one(4), "zoo", Dialect::Prose);
/// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "pretrain")?;
/// let folder = tempfile::tempdir()?;
/// let samples = data.first(100).iter().map(|problem| Ok::<_, TaskError>(problem?.to_sample()));
/// assert_eq!(write_parquet(folder.path().join("samples.parquet"), samples)?, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first error among the samples, or a file that cannot be written. Nothing is left behind.
pub fn write_parquet<E: From<TaskError>>(
    path: impl AsRef<Path>,
    samples: impl IntoIterator<Item = Result<Sample, E>>,
) -> Result<u64, E> {
    let path = path.as_ref();
    let wrong = |source: ParquetError| io_error("cannot write", path, io_reason(source));
    let mut file = beside(path).map_err(|source| io_error("cannot write", path, source))?;
    let schema = Arc::new(parse_message_type(SCHEMA).map_err(wrong)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let output = BufWriter::new(file.as_file_mut());
    let mut writer =
        SerializedFileWriter::new(output, schema, Arc::new(properties)).map_err(wrong)?;
    let mut group = Vec::with_capacity(ROW_GROUP);
    let mut count = 0;
    for sample in samples {
        group.push(sample?);
        count += 1;
        if group.len() == ROW_GROUP {
            write_group(&mut writer, &group).map_err(wrong)?;
            group.clear();
        }
    }
    if !group.is_empty() {
        write_group(&mut writer, &group).map_err(wrong)?;
    }
    writer.close().map_err(wrong)?;
    place(file, path)?;
    Ok(count)
}

type Output<'f> = BufWriter<&'f mut File>;

fn write_group(
    writer: &mut SerializedFileWriter<Output<'_>>,
    samples: &[Sample],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let texts = |field: fn(&Sample) -> &str| {
        let value = |sample| ByteArray::from(field(sample));
        samples.iter().map(value).collect::<Vec<_>>()
    };
    column::<ByteArrayType>(&mut group, &texts(|sample| &sample.problem))?;
    column::<ByteArrayType>(&mut group, &texts(|sample| &sample.question))?;
    column::<ByteArrayType>(&mut group, &texts(|sample| &sample.solution))?;
    // Unsigned numbers are kept in the bits of signed ones.
    let numbers = |field: fn(&Sample) -> u32| {
        let value = |sample| field(sample).cast_signed();
        samples.iter().map(value).collect::<Vec<_>>()
    };
    column::<Int32Type>(&mut group, &numbers(|sample| sample.op))?;
    let ids: Vec<i64> = samples
        .iter()
        .map(|sample| sample.id.cast_signed())
        .collect();
    column::<Int64Type>(&mut group, &ids)?;
    column::<ByteArrayType>(&mut group, &texts(|sample| &sample.template))?;
    column::<ByteArrayType>(&mut group, &texts(|sample| &sample.mode))?;
    column::<ByteArrayType>(&mut group, &texts(|sample| &sample.length))?;
    column::<Int32Type>(&mut group, &numbers(|sample| sample.d))?;
    group.close().map(drop)
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Output<'_>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

/// What the system says, where that is the cause.
fn io_reason(error: ParquetError) -> std::io::Error {
    std::io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
    use interplay_graph::SeedStreams;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        let spec = TaskSpec::single(Counts::range(2, 6).unwrap(), "zoo", Dialect::Prose);
        let library = ContextLibrary::embedded();
        let data = Dataset::new(spec, &library, SeedStreams::new(1), "parquet").unwrap();
        let samples: Vec<Sample> = data
            .first(ROW_GROUP as u64 + 100)
            .iter()
            .map(|problem| problem.unwrap().to_sample())
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.parquet");
        let written = write_parquet(&path, samples.iter().cloned().map(Ok::<_, TaskError>));
        assert_eq!(written.unwrap(), samples.len() as u64);
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.num_row_groups(), 2);
        let mut rows = 0;
        for (row, sample) in reader.get_row_iter(None).unwrap().zip(&samples) {
            let row = row.unwrap();
            let text = |place| row.get_string(place).unwrap().as_str();
            let read = Sample {
                problem: text(0).into(),
                question: text(1).into(),
                solution: text(2).into(),
                op: row.get_uint(3).unwrap(),
                id: row.get_ulong(4).unwrap(),
                template: text(5).into(),
                mode: text(6).into(),
                length: text(7).into(),
                d: row.get_uint(8).unwrap(),
            };
            assert_eq!(read, *sample);
            rows += 1;
        }
        assert_eq!(rows, samples.len());
    }

    #[test]
    fn a_failing_source_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.parquet");
        let broken: Result<Sample, TaskError> = Err(TaskError::SplitByText);
        assert!(write_parquet(&path, [broken]).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
