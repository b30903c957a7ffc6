//! One safetensors file, read and written tensor by tensor, so that at most one tensor is in memory beside the
//! model itself.
//!
//! Source: the safetensors format (8 bytes of header length, a JSON header, the elements). The header's
//! offsets are checked by the crate `safetensors`.
//! Deviations: a header that lists a tensor twice is refused; that crate takes the last entry.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensorError};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::weight_dtype::WeightDtype;
use crate::error::ModelError;

/// Bytes in front of the header that hold its length.
const LENGTH_BYTES: u64 = 8;

/// The key of a header's metadata.
const METADATA: &str = "__metadata__";

/// The format's own limit of a header.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open file whose header has been read and checked.
#[derive(Debug)]
pub(super) struct TensorFile {
    path: PathBuf,
    file: File,
    data_start: u64,
    tensors: BTreeMap<String, TensorInfo>,
}

impl TensorFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, or that is not a complete safetensors file.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let mut file = File::open(path).map_err(ModelError::io("open", path))?;
        let damaged = |source| ModelError::DamagedTensors {
            path: path.to_owned(),
            source,
        };
        let (data_start, tensors) = read_header(&mut file).map_err(damaged)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            data_start,
            tensors,
        })
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Names and descriptions of its tensors, by name.
    pub(super) fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    /// The elements of one tensor in single precision, or `None` if the file has no such tensor.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, elements that are not floating point of at most 32 bits.
    pub(super) fn read(&mut self, name: &str) -> Option<Result<Vec<f32>, ModelError>> {
        let count = self.tensors.get(name)?.shape.iter().product();
        self.read_range(name, 0..count)
    }

    /// Some of the elements of one tensor, which has as many.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub(super) fn read_range(
        &mut self,
        name: &str,
        elements: Range<usize>,
    ) -> Option<Result<Vec<f32>, ModelError>> {
        let info = self.tensors.get(name)?;
        let dtype = info.dtype;
        let wrong_type = || ModelError::WrongType {
            path: self.path.clone(),
            name: name.to_owned(),
            found: format!("{dtype:?}"),
        };
        let Some(width) = element_bytes(dtype) else {
            return Some(Err(wrong_type()));
        };
        let mut bytes = vec![0; elements.len() * width];
        let start = self.data_start + (info.data_offsets.0 + elements.start * width) as u64;
        let filled = self
            .file
            .seek(SeekFrom::Start(start))
            .and_then(|_| self.file.read_exact(&mut bytes));
        let values = filled
            .map_err(ModelError::io("read", &self.path))
            .and_then(|()| as_f32(dtype, &bytes).ok_or_else(wrong_type));
        Some(values)
    }
}

/// The offset of the first element, and the header's entry of each tensor.
fn read_header(file: &mut File) -> Result<(u64, BTreeMap<String, TensorInfo>), SafeTensorError> {
    let file_bytes = file.metadata()?.len();
    if file_bytes < LENGTH_BYTES {
        return Err(SafeTensorError::HeaderTooSmall);
    }
    let mut length = [0; LENGTH_BYTES as usize];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return Err(SafeTensorError::HeaderTooLarge);
    }
    let data_start = LENGTH_BYTES + length;
    if data_start > file_bytes {
        return Err(SafeTensorError::InvalidHeaderLength);
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)?;
    let Header(mut tensors) =
        serde_json::from_slice(&header).map_err(SafeTensorError::InvalidHeaderDeserialization)?;
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    let checked = Metadata::new(None, tensors.clone())?;
    if data_start.checked_add(checked.data_len() as u64) != Some(file_bytes) {
        return Err(SafeTensorError::MetadataIncompleteBuffer);
    }
    Ok((data_start, tensors.into_iter().collect()))
}

/// The tensors of a header, each name once.
struct Header(Vec<(String, TensorInfo)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a header that maps names to tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let (mut tensors, mut seen) = (Vec::new(), BTreeSet::new());
                while let Some(name) = map.next_key::<String>()? {
                    if name == METADATA {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("tensor `{name}` is listed twice")));
                    }
                    tensors.push((name, map.next_value()?));
                }
                Ok(Header(tensors))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Whether [`TensorFile::read`] reads elements of this type.
pub(super) fn is_readable(dtype: Dtype) -> bool {
    element_bytes(dtype).is_some()
}

/// Bytes of an element, if it is floating point of at most 32 bits.
fn element_bytes(dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F32 => Some(4),
        Dtype::F16 | Dtype::BF16 => Some(2),
        _ => None,
    }
}

/// The elements in single precision, if they are floating point.
fn as_f32(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let (words, halves) = (bytes.chunks_exact(4), bytes.chunks_exact(2));
    let values = match dtype {
        Dtype::F32 => words
            .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect(),
        Dtype::F16 => halves
            .map(|pair| half::f16::from_le_bytes([pair[0], pair[1]]).to_f32())
            .collect(),
        Dtype::BF16 => halves
            .map(|pair| half::bf16::from_le_bytes([pair[0], pair[1]]).to_f32())
            .collect(),
        _ => return None,
    };
    Some(values)
}

/// A file that is being written; its tensors must be written in the order of the header.
#[derive(Debug)]
pub(super) struct TensorFileWriter {
    path: PathBuf,
    file: BufWriter<File>,
    dtype: WeightDtype,
}

impl TensorFileWriter {
    /// Creates the file and writes the header of tensors of these names and shapes.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub(super) fn create(
        path: &Path,
        dtype: WeightDtype,
        tensors: &[(String, Vec<usize>)],
    ) -> Result<Self, ModelError> {
        let header = header(dtype, tensors).map_err(|source| ModelError::DamagedTensors {
            path: path.to_owned(),
            source,
        })?;
        let file = File::create(path).map_err(ModelError::io("create", path))?;
        let mut writer = Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            dtype,
        };
        writer.put(&header)?;
        Ok(writer)
    }

    /// Writes the elements of the next tensor.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub(super) fn write(&mut self, values: &[f32]) -> Result<(), ModelError> {
        let mut bytes = vec![0; values.len() * self.dtype.bytes()];
        match self.dtype {
            WeightDtype::F32 => {
                for (word, value) in bytes.chunks_exact_mut(4).zip(values) {
                    word.copy_from_slice(&value.to_le_bytes());
                }
            }
            WeightDtype::Bf16 => {
                for (pair, value) in bytes.chunks_exact_mut(2).zip(values) {
                    pair.copy_from_slice(&half::bf16::from_f32(*value).to_le_bytes());
                }
            }
        }
        self.put(&bytes)
    }

    /// Flushes and syncs the file.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub(super) fn finish(mut self) -> Result<(), ModelError> {
        let flushed = self.file.flush();
        let synced = flushed.and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(ModelError::io("write", &self.path))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        self.file
            .write_all(bytes)
            .map_err(ModelError::io("write", &self.path))
    }
}

/// Length and header of a file, padded so that the elements start at a multiple of eight bytes.
fn header(
    dtype: WeightDtype,
    tensors: &[(String, Vec<usize>)],
) -> Result<Vec<u8>, SafeTensorError> {
    let mut end = 0;
    let describe = |(name, shape): &(String, Vec<usize>)| {
        let start = end;
        end += shape.iter().product::<usize>() * dtype.bytes();
        let info = TensorInfo {
            dtype: match dtype {
                WeightDtype::F32 => Dtype::F32,
                WeightDtype::Bf16 => Dtype::BF16,
            },
            shape: shape.clone(),
            data_offsets: (start, end),
        };
        (name.clone(), info)
    };
    let tensors = tensors.iter().map(describe).collect();
    // `transformers` refuses a file without this entry.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let mut json = serde_json::to_vec(&Metadata::new(Some(metadata), tensors)?)?;
    json.resize(json.len().next_multiple_of(LENGTH_BYTES as usize), b' ');
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json);
    Ok(bytes)
}
