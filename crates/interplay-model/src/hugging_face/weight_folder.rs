//! The tensor files of a folder: found, opened and checked before any element is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use safetensors::tensor::TensorInfo;
use serde::Deserialize;

use super::tensor_file::{TensorFile, is_readable};
use super::{INDEX, TENSORS, io};
use crate::config::ModelConfig;
use crate::decoder::parameter_shapes;
use crate::error::ModelError;

/// The output layer, which some programs store although it is tied to the embedding.
const OUTPUT: &str = "lm_head.weight";

/// The file from which a reader starts, as it was when the reading began.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
    sharded: bool,
    stamp: Stamp,
}

/// What tells a file from another that has been renamed over it.
#[derive(Debug, PartialEq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            inode,
        }
    }
}

impl Entry {
    /// `model.safetensors` where there is one, else the index, else nothing.
    ///
    /// # Errors
    ///
    /// A folder that cannot be looked into.
    pub(super) fn find(dir: &Path) -> Result<Option<Self>, ModelError> {
        for (name, sharded) in [(TENSORS, false), (INDEX, true)] {
            let path = dir.join(name);
            match std::fs::metadata(&path) {
                Ok(metadata) => {
                    let stamp = Stamp::of(&metadata);
                    return Ok(Some(Self {
                        path,
                        sharded,
                        stamp,
                    }));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(io("read", &path)(error)),
            }
        }
        Ok(None)
    }

    /// Whether the file is still the one that was found; a save takes it away before it changes anything.
    fn require_unchanged(&self) -> Result<(), ModelError> {
        let now = std::fs::metadata(&self.path).map(|metadata| Stamp::of(&metadata));
        if now.is_ok_and(|now| now == self.stamp) {
            return Ok(());
        }
        Err(ModelError::ChangedWhileReading {
            path: self.path.clone(),
        })
    }
}

/// Which file holds each tensor, as an index says.
type Index = BTreeMap<String, String>;

/// The open tensor files of one model.
#[derive(Debug)]
pub(super) struct WeightFolder {
    dir: PathBuf,
    files: Vec<TensorFile>,
    /// The file of each tensor.
    places: HashMap<String, usize>,
}

impl WeightFolder {
    /// Opens all files and reads their headers.
    ///
    /// # Errors
    ///
    /// A damaged or missing file, an index that does not fit its shards, a tensor that is stored twice, a
    /// folder that was written to since `entry` was found.
    pub(super) fn open(dir: &Path, entry: &Entry) -> Result<Self, ModelError> {
        let opened = open_files(dir, entry);
        // A save that came between explains whatever went wrong. With all files open and the entry unchanged,
        // they are of one save, and what is renamed over them from here on does not matter.
        entry.require_unchanged()?;
        let (index, files) = opened?;
        let places = places(&files)?;
        if let Some(index) = &index {
            require_listed(&entry.path, index, &files, &places)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            files,
            places,
        })
    }

    /// Checks that the tensors are those that the configuration asks for.
    ///
    /// # Errors
    ///
    /// A tensor that is missing, unknown, or of another shape or type.
    pub(super) fn check(&self, config: &ModelConfig) -> Result<(), ModelError> {
        // Each layer has tensors; a number of layers from a damaged file must not fill the memory with names.
        if config.num_hidden_layers > self.places.len() {
            let last = config.num_hidden_layers - 1;
            let name = format!("model.layers.{last}.input_layernorm.weight");
            return Err(self.missing(&name, &[config.hidden_size]));
        }
        let expected: BTreeMap<String, Vec<usize>> = parameter_shapes(config).into_iter().collect();
        for (path, name, info) in self.tensors() {
            match expected.get(name) {
                Some(shape) => require_fits(path, name, info, shape)?,
                None if config.tie_word_embeddings && name == OUTPUT => {}
                None => {
                    return Err(ModelError::ExtraTensor {
                        path: path.to_owned(),
                        name: name.to_owned(),
                    });
                }
            }
        }
        let absent = parameter_shapes(config)
            .into_iter()
            .find(|(name, _)| !self.places.contains_key(name));
        match absent {
            Some((name, shape)) => Err(self.missing(&name, &shape)),
            None => Ok(()),
        }
    }

    /// The elements of a tensor.
    ///
    /// # Errors
    ///
    /// A tensor that is missing or cannot be read.
    pub(super) fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let file = self
            .places
            .get(name)
            .and_then(|&file| self.files[file].read(name));
        file.unwrap_or_else(|| Err(self.missing(name, shape)))
    }

    fn tensors(&self) -> impl Iterator<Item = (&Path, &str, &TensorInfo)> {
        self.files.iter().flat_map(|file| {
            let tensors = file.tensors().iter();
            tensors.map(|(name, info)| (file.path(), name.as_str(), info))
        })
    }

    fn missing(&self, name: &str, expected: &[usize]) -> ModelError {
        ModelError::MissingTensor {
            path: self.dir.clone(),
            name: name.to_owned(),
            expected: expected.to_vec(),
        }
    }
}

fn require_fits(
    path: &Path,
    name: &str,
    info: &TensorInfo,
    shape: &[usize],
) -> Result<(), ModelError> {
    let (path, name) = (path.to_owned(), name.to_owned());
    if info.shape != shape {
        let (found, expected) = (info.shape.clone(), shape.to_vec());
        return Err(ModelError::WrongShape {
            path,
            name,
            found,
            expected,
        });
    }
    if !is_readable(info.dtype) {
        let found = format!("{:?}", info.dtype);
        return Err(ModelError::WrongType { path, name, found });
    }
    Ok(())
}

/// The index, if there is one, and all tensor files.
fn open_files(dir: &Path, entry: &Entry) -> Result<(Option<Index>, Vec<TensorFile>), ModelError> {
    if !entry.sharded {
        return Ok((None, vec![TensorFile::open(&entry.path)?]));
    }
    let index = read_index(&entry.path)?;
    let files = open_shards(dir, &entry.path, &index)?;
    Ok((Some(index), files))
}

fn read_index(path: &Path) -> Result<Index, ModelError> {
    #[derive(Deserialize)]
    struct IndexFile {
        weight_map: Index,
    }
    let text = std::fs::read(path).map_err(io("read", path))?;
    let file: IndexFile = serde_json::from_slice(&text).map_err(|source| ModelError::Json {
        path: path.to_owned(),
        source,
    })?;
    Ok(file.weight_map)
}

fn open_shards(dir: &Path, path: &Path, index: &Index) -> Result<Vec<TensorFile>, ModelError> {
    let names: BTreeSet<&str> = index.values().map(String::as_str).collect();
    for shard in &names {
        let mut parts = Path::new(shard).components();
        let inside = matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        );
        if !inside || shard.contains(['/', '\\']) {
            return Err(ModelError::ShardOutside {
                path: path.to_owned(),
                shard: (*shard).to_owned(),
            });
        }
        if !dir.join(shard).exists() {
            return Err(ModelError::MissingShard {
                path: path.to_owned(),
                shard: (*shard).to_owned(),
                tensors: index.values().filter(|place| place == shard).count(),
            });
        }
    }
    let open = |shard: &str| TensorFile::open(&dir.join(shard));
    names.into_iter().map(open).collect()
}

/// The file of each tensor.
fn places(files: &[TensorFile]) -> Result<HashMap<String, usize>, ModelError> {
    let mut places = HashMap::new();
    for (number, file) in files.iter().enumerate() {
        for name in file.tensors().keys() {
            if let Some(first) = places.insert(name.clone(), number) {
                return Err(ModelError::DuplicateTensor {
                    name: name.clone(),
                    first: files[first].path().to_owned(),
                    second: file.path().to_owned(),
                });
            }
        }
    }
    Ok(places)
}

/// Every tensor must lie where the index says.
fn require_listed(
    path: &Path,
    index: &Index,
    files: &[TensorFile],
    places: &HashMap<String, usize>,
) -> Result<(), ModelError> {
    let names: BTreeSet<&String> = index.keys().chain(places.keys()).collect();
    for name in names {
        let listed = index.get(name);
        let found = places
            .get(name)
            .and_then(|&file| files[file].path().file_name()?.to_str());
        if listed.map(String::as_str) != found {
            return Err(ModelError::MisplacedTensor {
                path: path.to_owned(),
                name: name.clone(),
                listed: listed.cloned(),
                found: found.map(str::to_owned),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hugging_face::WeightDtype;
    use crate::hugging_face::tensor_file::TensorFileWriter;

    fn write(path: &Path) {
        let tensors = [("t".to_owned(), vec![1])];
        let mut file = TensorFileWriter::create(path, WeightDtype::F32, &tensors).unwrap();
        file.write(&[1.0]).unwrap();
        file.finish().unwrap();
    }

    /// A save that comes between finding the model and opening its files.
    #[test]
    fn notices_that_the_folder_was_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(TENSORS);
        write(&path);
        let entry = Entry::find(dir.path()).unwrap().unwrap();
        WeightFolder::open(dir.path(), &entry).unwrap();

        let entry = Entry::find(dir.path()).unwrap().unwrap();
        // Written beside its place, as a save does; the old file still exists then, so the new one is another.
        let beside = dir.path().join("beside");
        write(&beside);
        std::fs::rename(&beside, &path).unwrap();
        let error = WeightFolder::open(dir.path(), &entry).unwrap_err();
        assert!(
            matches!(error, ModelError::ChangedWhileReading { .. }),
            "{error}"
        );
    }
}
