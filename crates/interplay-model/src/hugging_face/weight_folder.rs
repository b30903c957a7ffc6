//! The tensor files of a folder: found, opened and checked before any element is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use safetensors::tensor::TensorInfo;
use serde::Deserialize;

use super::config_file::{Biases, unsupported};
use super::file_names::{INDEX, TENSORS};
use super::json_file;
use super::tensor_file::{TensorFile, is_readable};
use crate::config::ModelConfig;
use crate::error::ModelError;
use crate::parameters::parameter_shapes;

/// The token embedding.
const EMBEDDING: &str = "model.embed_tokens.weight";

/// The output layer, which some programs store although it is tied to the embedding.
const OUTPUT: &str = "lm_head.weight";

/// Elements of the embedding and of the output layer that are compared at a time.
const COMPARED: usize = 1 << 18;

/// The file that a reader starts from, as it was at that time.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
    sharded: bool,
    stamp: Stamp,
}

/// Tells a file from another that was renamed over it.
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
    /// `model.safetensors` if it exists, else the index, else `None`.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
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
                Err(error) => return Err(ModelError::io("read", &path)(error)),
            }
        }
        Ok(None)
    }

    /// Checks that the file is still the one that was found; a save removes it before it changes anything.
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

/// The file of each tensor according to an index.
type Index = BTreeMap<String, String>;

/// The open tensor files of one model.
#[derive(Debug)]
pub(super) struct WeightFolder {
    dir: PathBuf,
    files: Vec<TensorFile>,
    /// The index in `files` of the file that holds each tensor.
    file_of: HashMap<String, usize>,
    biases: Biases,
}

impl WeightFolder {
    /// Opens all files and reads their headers.
    ///
    /// # Errors
    ///
    /// A damaged or missing file, an index that does not match its shards, a tensor that is stored twice, a folder
    /// that was written to since `entry` was found.
    pub(super) fn open(dir: &Path, entry: &Entry, biases: Biases) -> Result<Self, ModelError> {
        let opened = open_files(dir, entry);
        // A save in the meantime explains any failure. If all files are open and the entry is unchanged, the files
        // belong to one save, and later renames do not matter.
        entry.require_unchanged()?;
        let (index, files) = opened?;
        let file_of = file_of_each_tensor(&files)?;
        if let Some(index) = &index {
            require_listed(&entry.path, index, &files, &file_of)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            files,
            file_of,
            biases,
        })
    }

    /// Name and shape of every tensor that the configuration asks for.
    fn expected(&self, config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
        let mut expected = parameter_shapes(config);
        match self.biases {
            Biases::Inputs => {}
            Biases::None => expected.retain(|(name, _)| !name.ends_with("_proj.bias")),
            Biases::All => expected.extend(output_biases(config)),
        }
        expected
    }

    /// Checks that the biases of attention's output are zero, which is what this decoder computes with.
    ///
    /// # Errors
    ///
    /// One that is not zero, or that cannot be read.
    pub(super) fn require_no_output_bias(
        &mut self,
        config: &ModelConfig,
    ) -> Result<(), ModelError> {
        if self.biases != Biases::All {
            return Ok(());
        }
        for (name, shape) in output_biases(config) {
            if self.read(&name, &shape)?.iter().any(|value| *value != 0.0) {
                let found = "a value other than 0".to_owned();
                let expected = "zeros, since this decoder has no bias there";
                return Err(unsupported(&self.dir, &name, found, expected));
            }
        }
        Ok(())
    }

    /// Checks that the tensors are those that the configuration asks for.
    ///
    /// # Errors
    ///
    /// A tensor that is missing, unknown, or of another shape or type.
    pub(super) fn check(&self, config: &ModelConfig) -> Result<(), ModelError> {
        // Every layer has tensors. A damaged number of layers must not fill the memory with names.
        if config.num_hidden_layers > self.file_of.len() {
            let last = config.num_hidden_layers - 1;
            let name = format!("model.layers.{last}.input_layernorm.weight");
            return Err(missing(&self.dir, &name, &[config.hidden_size]));
        }
        let expected: BTreeMap<String, Vec<usize>> = self.expected(config).into_iter().collect();
        for (path, name, info) in self.tensors() {
            match expected.get(name) {
                Some(shape) => require_fits(path, name, info, shape)?,
                None if config.tie_word_embeddings && name == OUTPUT => {
                    require_fits(path, name, info, &[config.vocab_size, config.hidden_size])?;
                }
                None => {
                    return Err(ModelError::ExtraTensor {
                        path: path.to_owned(),
                        name: name.to_owned(),
                    });
                }
            }
        }
        let absent = self
            .expected(config)
            .into_iter()
            .find(|(name, _)| !self.file_of.contains_key(name));
        match absent {
            Some((name, shape)) => Err(missing(&self.dir, &name, &shape)),
            None => Ok(()),
        }
    }

    /// Whether the folder holds an output layer whose elements are not bit for bit those of the embedding.
    ///
    /// # Errors
    ///
    /// A tensor that cannot be read.
    pub(super) fn has_own_output(&mut self, config: &ModelConfig) -> Result<bool, ModelError> {
        if !self.file_of.contains_key(OUTPUT) {
            return Ok(false);
        }
        let shape = [config.vocab_size, config.hidden_size];
        let count = config.vocab_size * config.hidden_size;
        for start in (0..count).step_by(COMPARED) {
            let range = start..count.min(start + COMPARED);
            let mut part = |name: &str| {
                let file = self.file_of.get(name);
                let values =
                    file.and_then(|&file| self.files[file].read_range(name, range.clone()));
                values.unwrap_or_else(|| Err(missing(&self.dir, name, &shape)))
            };
            let (output, embedding) = (part(OUTPUT)?, part(EMBEDDING)?);
            let mut pairs = output.into_iter().zip(embedding);
            if pairs.any(|(output, embedding)| output.to_bits() != embedding.to_bits()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The elements of a tensor; zeros for a bias that the folder does not have.
    ///
    /// # Errors
    ///
    /// A tensor that is missing or cannot be read.
    pub(super) fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        if self.biases == Biases::None && name.ends_with("_proj.bias") {
            return Ok(vec![0.0; shape.iter().product()]);
        }
        let file = self
            .file_of
            .get(name)
            .and_then(|&file| self.files[file].read(name));
        file.unwrap_or_else(|| Err(missing(&self.dir, name, shape)))
    }

    fn tensors(&self) -> impl Iterator<Item = (&Path, &str, &TensorInfo)> {
        self.files.iter().flat_map(|file| {
            let tensors = file.tensors().iter();
            tensors.map(|(name, info)| (file.path(), name.as_str(), info))
        })
    }
}

/// Name and shape of the biases that Llama has and this decoder does not.
fn output_biases(config: &ModelConfig) -> impl Iterator<Item = (String, Vec<usize>)> {
    let hidden = config.hidden_size;
    (0..config.num_hidden_layers).map(move |layer| {
        (
            format!("model.layers.{layer}.self_attn.o_proj.bias"),
            vec![hidden],
        )
    })
}

fn missing(dir: &Path, name: &str, expected: &[usize]) -> ModelError {
    ModelError::MissingTensor {
        path: dir.to_owned(),
        name: name.to_owned(),
        expected: expected.to_vec(),
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
    let file: IndexFile = json_file::read(path)?;
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
                tensors: index.values().filter(|file| file == shard).count(),
            });
        }
    }
    let open = |shard: &str| TensorFile::open(&dir.join(shard));
    names.into_iter().map(open).collect()
}

/// The index of the file that holds each tensor.
fn file_of_each_tensor(files: &[TensorFile]) -> Result<HashMap<String, usize>, ModelError> {
    let mut file_of = HashMap::new();
    for (index, file) in files.iter().enumerate() {
        for name in file.tensors().keys() {
            if let Some(first) = file_of.insert(name.clone(), index) {
                return Err(ModelError::DuplicateTensor {
                    name: name.clone(),
                    first: files[first].path().to_owned(),
                    second: file.path().to_owned(),
                });
            }
        }
    }
    Ok(file_of)
}

/// Every tensor must be in the file that the index names.
fn require_listed(
    path: &Path,
    index: &Index,
    files: &[TensorFile],
    file_of: &HashMap<String, usize>,
) -> Result<(), ModelError> {
    let names: BTreeSet<&String> = index.keys().chain(file_of.keys()).collect();
    for name in names {
        let listed = index.get(name);
        let found = file_of
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
    use crate::hugging_face::tensor_file::TensorFileWriter;
    use crate::hugging_face::weight_dtype::WeightDtype;

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
        WeightFolder::open(dir.path(), &entry, Biases::Inputs).unwrap();

        let entry = Entry::find(dir.path()).unwrap().unwrap();
        // Written under another name and renamed, as by a save. The old file still exists when the new one is
        // created, so that the two differ.
        let beside = dir.path().join("beside");
        write(&beside);
        std::fs::rename(&beside, &path).unwrap();
        let error = WeightFolder::open(dir.path(), &entry, Biases::Inputs).unwrap_err();
        assert!(
            matches!(error, ModelError::ChangedWhileReading { .. }),
            "{error}"
        );
    }
}
