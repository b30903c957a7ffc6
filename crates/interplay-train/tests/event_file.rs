//! The TensorBoard event file of a stage is the golden one, which TensorBoard's own reader reads in
//! `python/tests/test_tensorboard.py`.

use std::fs;
use std::path::Path;

use interplay_train::MetricsFile;

#[test]
fn an_event_file_says_what_the_metrics_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    for step in 0..300_u64 {
        // A stage that is interrupted and resumed now and then.
        let mut metrics = MetricsFile::resume(&path, step).unwrap();
        let loss = 2.0 / (step + 1) as f64;
        let reward = if step % 3 == 0 { f64::NAN } else { loss.sin() };
        metrics
            .write(
                step,
                &[("loss_nats".into(), loss), ("reward".into(), reward)],
            )
            .unwrap();
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for name in ["metrics.jsonl", "events.out.tfevents.0.interplay"] {
        let written = fs::read(folder.path().join(name)).unwrap();
        let expected = golden.join(name);
        if std::env::var_os("INTERPLAY_UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&golden).unwrap();
            fs::write(&expected, &written).unwrap();
        }
        let same = fs::read(&expected).unwrap() == written;
        assert!(same, "{name} differs from {}", expected.display());
    }
}
