//! Samples as a Parquet file, in the published fields, for pandas and Hugging Face `datasets`.
//!
//! Deviations: nothing of the Arrow type system is used, only Parquet's own: texts are UTF-8
//! strings, `op` and `d` 32-bit and `id` 64-bit unsigned integers, nothing is null. Pages are
//! compressed with Snappy, which every reader has.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use interplay_files::{AtomicFile, FileError};
use parquet::basic::Compression;
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::sample::Sample;
use crate::error::TaskError;

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
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskError, TaskSpec};
/// use interplay_tasks::corpora::write_parquet;
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
    let wrong = |source: ParquetError| {
        let error = FileError::io("write", path)(io::Error::other(source));
        TaskError::from(error)
    };
    let file = AtomicFile::create(path).map_err(TaskError::from)?;
    let mut writer = begin(file).map_err(wrong)?;
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
    let file = writer.into_inner().map_err(wrong)?;
    file.commit().map_err(TaskError::from)?;
    Ok(count)
}

/// A file without row groups so far.
fn begin<W: Write + Send>(output: W) -> Result<SerializedFileWriter<W>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    SerializedFileWriter::new(output, schema, Arc::new(properties))
}

/// Samples, one per line, a piece for [`join`]: a Parquet file of one row group behind its length.
pub(crate) fn piece(lines: &[u8]) -> io::Result<Vec<u8>> {
    let samples: Vec<Sample> = serde_json::Deserializer::from_slice(lines)
        .into_iter()
        .collect::<Result<_, _>>()?;
    let mut writer = begin(Vec::new())?;
    write_group(&mut writer, &samples)?;
    let file = writer.into_inner()?;
    let mut piece = (file.len() as u64).to_le_bytes().to_vec();
    piece.extend(file);
    Ok(piece)
}

/// Joins the pieces that a file holds into one Parquet file, which appears when it is complete.
/// Nothing is encoded again, and memory is that of one piece.
pub(crate) fn join(pieces: &mut File, path: &Path) -> Result<(), TaskError> {
    let file = AtomicFile::create(path)?;
    let file = copy_pieces(pieces, file).map_err(FileError::io("write", path))?;
    Ok(file.commit()?)
}

fn copy_pieces(pieces: &mut File, output: AtomicFile) -> io::Result<AtomicFile> {
    let mut writer = begin(output)?;
    let end = pieces.metadata()?.len();
    pieces.rewind()?;
    while pieces.stream_position()? < end {
        let mut length = [0; 8];
        pieces.read_exact(&mut length)?;
        let mut piece = Vec::new();
        let mut rest = (&mut *pieces).take(u64::from_le_bytes(length));
        rest.read_to_end(&mut piece)?;
        let piece = Bytes::from(piece);
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&piece)?;
        for group in metadata.row_groups() {
            copy_group(&mut writer, &piece, group)?;
        }
    }
    Ok(writer.into_inner()?)
}

fn copy_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    piece: &Bytes,
    group: &RowGroupMetaData,
) -> Result<(), ParquetError> {
    let mut copy = writer.next_row_group()?;
    for column in group.columns() {
        let whole = ColumnCloseResult {
            bytes_written: column.compressed_size().cast_unsigned(),
            rows_written: group.num_rows().cast_unsigned(),
            metadata: column.clone(),
            bloom_filter: None,
            // Indices of pages are of no use where all rows are read.
            column_index: None,
            offset_index: None,
        };
        copy.append_column(piece, whole)?;
    }
    copy.close().map(drop)
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    samples: &[Sample],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let texts = |field: fn(&Sample) -> &str| {
        let value = |sample| ByteArray::from(field(sample));
        samples.iter().map(value).collect::<Vec<_>>()
    };
    column::<_, ByteArrayType>(&mut group, &texts(|sample| &sample.problem))?;
    column::<_, ByteArrayType>(&mut group, &texts(|sample| &sample.question))?;
    column::<_, ByteArrayType>(&mut group, &texts(|sample| &sample.solution))?;
    // Unsigned numbers are kept in the bits of signed ones.
    let numbers = |field: fn(&Sample) -> u32| {
        let value = |sample| field(sample).cast_signed();
        samples.iter().map(value).collect::<Vec<_>>()
    };
    column::<_, Int32Type>(&mut group, &numbers(|sample| sample.op))?;
    let ids: Vec<i64> = samples
        .iter()
        .map(|sample| sample.id.cast_signed())
        .collect();
    column::<_, Int64Type>(&mut group, &ids)?;
    column::<_, ByteArrayType>(&mut group, &texts(|sample| &sample.template))?;
    column::<_, ByteArrayType>(&mut group, &texts(|sample| &sample.mode))?;
    column::<_, ByteArrayType>(&mut group, &texts(|sample| &sample.length))?;
    column::<_, Int32Type>(&mut group, &numbers(|sample| sample.d))?;
    group.close().map(drop)
}

fn column<W: Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::counts::Counts;
    use crate::datasets::Dataset;
    use crate::spec::{Dialect, TaskSpec};
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
        let read: Result<Vec<Sample>, _> =
            crate::corpora::SampleReader::open(&path).unwrap().collect();
        assert!(read.unwrap() == samples);
        let mut rows = 0;
        for (row, sample) in reader.get_row_iter(None).unwrap().zip(&samples) {
            let row = row.unwrap();
            let text = |index| row.get_string(index).unwrap().as_str();
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
