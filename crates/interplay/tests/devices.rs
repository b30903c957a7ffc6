//! One experiment on one device, on two, and with a worker that is another process.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use calls::{call, command, content, folder, refuse, succeed};

/// A worker process on a free port of this machine; it ends with the test.
struct Worker {
    process: Child,
    address: String,
}

impl Worker {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_interplay"))
            .args(["worker", "--device", "flex", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.split_whitespace().last().unwrap().to_owned();
        assert!(address.starts_with("tcp://127.0.0.1:"), "{line}");
        Self { process, address }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Pre-training and GRPO on a tiny model, with a checkpoint at every step; `device` is a line of
/// the file or nothing.
fn write_experiment(folder: &Path, name: &str, device: &str) {
    let (_, quick) = interplay::ExperimentSpec::PRESETS[1];
    let mut table: toml::Table = toml::from_str(&format!("{device}\n{quick}")).unwrap();
    let stages = table["stage"].as_array_mut().unwrap();
    stages.retain(|stage| matches!(stage["kind"].as_str(), Some("pretrain" | "grpo")));
    for stage in stages {
        let stage = stage.as_table_mut().unwrap();
        stage.remove("edge_from");
        let training = stage["training"].as_table_mut().unwrap();
        training.insert("checkpoint_every_steps".into(), 1.into());
        if training.contains_key("budget_tokens") {
            training.insert("budget_tokens".into(), 60_000.into());
        }
    }
    fs::write(folder.join(name), toml::to_string(&table).unwrap()).unwrap();
}

fn models(run: &Path) -> Vec<Vec<u8>> {
    let model = |stage: &str| fs::read(run.join(stage).join("model/model.safetensors")).unwrap();
    vec![model("base"), model("grpo")]
}

#[test]
fn a_worker_in_another_process_changes_no_byte() {
    let folder = folder();
    let dir = folder.path();
    write_experiment(dir, "two.toml", "device = [\"flex\", \"flex\"]");
    write_experiment(dir, "plain.toml", "");
    succeed(dir, "run --config two.toml --out two");
    let worker = Worker::start();
    let address = &worker.address;
    succeed(
        dir,
        &format!("run --config plain.toml --out remote --device flex,{address}"),
    );
    let (two, remote) = (dir.join("two"), dir.join("remote"));
    assert!(models(&two) == models(&remote), "the models differ");
    for file in [
        "base/metrics.jsonl",
        "grpo/metrics.jsonl",
        "eval/grpo.jsonl",
    ] {
        let read = |run: &Path| fs::read(run.join(file)).unwrap();
        assert!(read(&two) == read(&remote), "{file} differs");
    }
    let plan = fs::read_to_string(remote.join("plan.toml")).unwrap();
    let written = format!("device = [\"flex\", \"{address}\"]");
    assert!(plan.contains(&written), "{plan}");
    // One device gets other roundings, but the same data: the first loss agrees.
    succeed(dir, "run --config plain.toml --out one");
    let first_loss = |run: &str| {
        let records = calls::records(&dir.join(run).join("base/metrics.jsonl"));
        records[0]["loss_nats"].as_f64().unwrap()
    };
    let (one, two) = (first_loss("one"), first_loss("two"));
    assert!((one - two).abs() < 1e-6 * one, "{one} and {two}");
}

#[test]
fn a_lost_worker_stops_the_run_and_another_call_goes_on() {
    let folder = folder();
    let dir = folder.path();
    write_experiment(dir, "plain.toml", "");
    let mut worker = Worker::start();
    let port = worker.address.rsplit_once(':').unwrap().1.to_owned();
    let run = format!("run --config plain.toml --out cut --device flex,tcp://127.0.0.1:{port}");
    let mut cut = command(dir, &run)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let metrics = dir.join("cut/base/metrics.jsonl");
    let began = Instant::now();
    while fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < 2 {
        assert!(began.elapsed() < Duration::from_secs(120), "no step came");
        assert!(cut.try_wait().unwrap().is_none(), "the run ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
    worker.process.kill().unwrap();
    let output = cut.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    let named = format!("worker 127.0.0.1:{port}");
    assert!(message.contains(&named), "{message}");
    assert!(
        message.contains("resumes from its last checkpoint"),
        "{message}"
    );
    // Nobody there: refused, and nothing of the run is touched.
    let before = content(dir);
    let output = call(dir, &run);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("no connection"), "{message}");
    assert!(content(dir) == before, "the run was touched");
    // The worker comes back at its old address.
    let again = Command::new(env!("CARGO_BIN_EXE_interplay"))
        .args([
            "worker",
            "--device",
            "flex",
            "--listen",
            &format!("127.0.0.1:{port}"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    worker.process.wait().unwrap();
    worker.process = again;
    let mut line = String::new();
    let output = worker.process.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    succeed(dir, &run);
    succeed(
        dir,
        "run --config plain.toml --out whole --device flex,flex",
    );
    assert!(models(&dir.join("cut")) == models(&dir.join("whole")));
}

#[test]
fn devices_that_cannot_work_together_are_refused() {
    let folder = folder();
    let dir = folder.path();
    let run = "run --preset quick --out here --device";
    refuse(
        dir,
        &format!("{run} flex,cuda:0"),
        &["cuda:0", "one backend"],
    );
    refuse(dir, &format!("{run} flex,tcp://here"), &["tcp://HOST:PORT"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let parts = [&*address.to_string(), "no connection"];
    refuse(dir, &format!("{run} flex,tcp://{address}"), &parts);
    let many = vec!["flex"; 33].join(",");
    refuse(
        dir,
        &format!("{run} {many}"),
        &["training.rows", "33 devices"],
    );
    refuse(dir, "worker --listen nowhere", &["--listen nowhere"]);
}
