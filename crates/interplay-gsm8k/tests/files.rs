//! Files as other programs write them.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use interplay_environment::{Environment, Split};
use interplay_gsm8k::{Gsm8k, Gsm8kError, Gsm8kSpec};

const TEXT: &str = "\u{feff}{\"question\": \"1 + 1?\", \"answer\": \"1+1 = <<1+1=2>>2\\r\\n#### 2\", \"p\": NaN}\r\n\r\n\
                    {\"answer\": \"#### $1,000.50\", \"question\": \"How much?\", \"id\": [-Infinity]}\r\n";

fn load(train: &Path, test: &Path, split: Split) -> Result<Gsm8k, Gsm8kError> {
    Gsm8k::load(&Gsm8kSpec::new(train, test), split, 3)
}

#[test]
fn plain_and_compressed_files_read_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, compressed) = (
        folder.path().join("a.jsonl"),
        folder.path().join("b.jsonl.gz"),
    );
    fs::write(&plain, TEXT).unwrap();
    let mut encoder = GzEncoder::new(File::create(&compressed).unwrap(), Compression::fast());
    encoder.write_all(TEXT.as_bytes()).unwrap();
    encoder.finish().unwrap();
    for (train, test) in [(&plain, &compressed), (&compressed, &plain)] {
        let problems = load(train, test, Split::Test).unwrap();
        assert_eq!(problems.num_examples(), Some(2));
        let (first, second) = (problems.example(0).unwrap(), problems.example(1).unwrap());
        assert_eq!((first.id, second.id), (0, 2));
        assert_eq!(first.target, " 1+1 = 2 </solution> <answer> 2 </answer>");
        assert_eq!(second.target, " </solution> <answer> 1000.5 </answer>");
        assert_eq!((first.labels.op, second.labels.op), (Some(1), Some(0)));
    }
}

#[test]
fn annotations_are_kept_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, TEXT).unwrap();
    let spec = Gsm8kSpec {
        keep_annotations: true,
        ..Gsm8kSpec::new(&path, "none")
    };
    let problems = Gsm8k::load(&spec, Split::Train, 3).unwrap();
    let example = problems.by_id(0).unwrap();
    assert!(example.target.starts_with(" 1+1 = <<1+1=2>>2 </solution>"));
    assert!(
        problems
            .score(&example, &example.target, 0)
            .unwrap()
            .accepted
    );
}

#[test]
fn faults_name_the_file_and_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.jsonl");
    let bad = [
        "not JSON",
        "{\"question\": \"?\"}",
        "{\"question\": \"<answer>\", \"answer\": \"#### 2\"}",
    ];
    fs::write(&path, format!("{TEXT}{}\n", bad.join("\n"))).unwrap();
    let message = load(&path, Path::new("none"), Split::Train)
        .unwrap_err()
        .to_string();
    for part in [
        "train.jsonl: 3 unreadable lines",
        "\n  line 4: ",
        "\n  line 5: missing field `answer`",
        "\n  line 6: `question` contains the framing tag `<answer>`",
        "`skip_unreadable`",
    ] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
    let spec = Gsm8kSpec {
        skip_unreadable: true,
        ..Gsm8kSpec::new(&path, "none")
    };
    let problems = Gsm8k::load(&spec, Split::Train, 3).unwrap();
    assert_eq!(
        (problems.num_examples(), problems.skipped().count),
        (Some(2), 3)
    );
}

#[test]
fn other_faults_name_what_was_read() {
    let error = load(Path::new("gone.jsonl"), Path::new("none"), Split::Train).unwrap_err();
    assert!(
        error.to_string().contains("cannot read gone.jsonl"),
        "{error}"
    );
    let error = load(Path::new("a"), Path::new("b"), Split::Validation).unwrap_err();
    assert!(error.to_string().contains("no validation split"), "{error}");
    let error = load(Path::new("a"), Path::new("a"), Split::Train).unwrap_err();
    assert!(error.to_string().contains("`test`: found a"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.jsonl.gz");
    fs::write(&path, [0x1f, 0x8b, 8, 0, 0]).unwrap();
    let error = load(&path, Path::new("none"), Split::Train).unwrap_err();
    assert!(error.to_string().contains("cut.jsonl.gz"), "{error}");
}
