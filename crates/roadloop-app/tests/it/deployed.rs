//! `up` and `down`: what they would do, and what they do with tools that only write down
//! how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::main_job::small_bag;
use crate::workspace::{Ran, Workspace, files_below};

/// Runs with stand-ins for the tools, which succeed unless their words begin with one of
/// `refused`; gives what they were asked, too.
fn with_tools(workspace: &Workspace, refused: &str, args: &[&str]) -> (Ran, String) {
    let (tools, log) = (workspace.path("tools"), workspace.path("asked"));
    fs::create_dir_all(&tools).unwrap();
    fs::write(&log, "").unwrap();
    for tool in ["docker", "kubectl", "aws"] {
        let script = format!(
            "#!/bin/sh\necho \"{tool} $*\" >>{}\ncase \"{tool} $*\" in {refused}*) exit 1;; esac\n",
            log.display()
        );
        let path = tools.join(tool);
        if !path.exists() {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let written = Command::new("sh")
            .args(["-c", "printf '%s' \"$2\" >\"$1\"", "sh"])
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
    }
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let output = workspace.command(args).env("PATH", path).output().unwrap();
    (Ran::from(output), fs::read_to_string(&log).unwrap())
}

#[test]
fn a_dry_run_says_all_and_does_nothing() {
    let workspace = Workspace::new();
    for (args, expected) in [
        (&["up", "--target", "compose"][..], "up --detach --wait"),
        (&["up", "--target", "aws", "--set", "VpcId=vpc-1"], "--parameter-overrides VpcId=vpc-1"),
        (&["up", "--target", "local", "--workers", "3"], "worker-3"),
        (&["down", "--target", "compose", "--delete-data"], "--volumes"),
        (&["down", "--target", "k8s"], "--selector app.kubernetes.io/part-of=roadloop"),
        (&["down", "--target", "k8s", "--delete-data"], "delete namespace roadloop"),
        (&["down", "--target", "aws"], "stack-delete-complete"),
        (&["down", "--target", "local"], "delete "),
    ] {
        let said = workspace.ok(&[args, &["--dry-run"]].concat());
        assert!(said.contains(expected), "{args:?}\n{said}");
    }
    assert!(!workspace.path("roadloop").exists());
}

#[test]
fn what_means_nothing_there_is_refused() {
    let workspace = Workspace::new();
    for (args, expected) in [
        (&["up", "--target", "k8s"][..], "--source and --store"),
        (&["up", "--target", "compose", "--source", "s3://x"], "--source is for local and k8s"),
        (&["up", "--target", "local", "--image", "x"], "--image is for containers"),
        (&["up", "--target", "k8s", "--set", "A=B"], "--set is for --target aws"),
        (&["up", "--target", "aws", "--foreground"], "--foreground is for --target local"),
    ] {
        let ran = workspace.run(args);
        assert_eq!(ran.code, 2, "{args:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}\n{}", ran.stderr);
    }
}

#[test]
fn compose_gets_its_files_and_secrets_stay_the_same() {
    let workspace = Workspace::new();
    let (ran, asked) = with_tools(&workspace, "nothing", &["up", "--target", "compose"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let folder = workspace.path("roadloop/deploy/compose");
    let up = "docker compose --file roadloop/deploy/compose/compose.yaml up --detach --wait";
    assert_eq!(asked.lines().last(), Some(up));
    assert!(ran.stderr.contains(&format!("$ {up}")), "{}", ran.stderr);
    let secrets = fs::read_to_string(folder.join(".env")).unwrap();
    let mode = fs::metadata(folder.join(".env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (ran, _) =
        with_tools(&workspace, "nothing", &["up", "--target", "compose", "--image", "r:2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let after = fs::read_to_string(folder.join(".env")).unwrap();
    assert_eq!(after, secrets.replace("roadloop:latest", "r:2"));
    // Without its data, what is needed to come back stays.
    let (_, asked) = with_tools(&workspace, "nothing", &["down", "--target", "compose"]);
    assert!(asked.ends_with("down --remove-orphans\n"), "{asked}");
    assert_eq!(files_below(&folder), [folder.join(".env")]);
    let down = ["down", "--target", "compose", "--delete-data"];
    assert_eq!(with_tools(&workspace, "nothing", &down).0.code, 0);
    assert!(!folder.exists());
}

#[test]
fn a_tool_or_a_cluster_that_is_not_there_is_named() {
    let workspace = Workspace::new();
    let up = ["--store", "s3://lake/main", "up", "--target", "k8s", "--source", "s3://in"];
    for (refused, expected) in [
        ("'kubectl version'", "kubectl, and a context that leads to a cluster, is needed"),
        ("'kubectl get crd'", "KEDA in the cluster is needed"),
        ("'kubectl apply'", "kubectl ended with exit status: 1"),
    ] {
        let (ran, _) = with_tools(&workspace, refused, &up);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    // Once it is there, all of it goes its way, and the secret by a file.
    let (ran, asked) = with_tools(&workspace, "'kubectl --namespace roadloop get secret'", &up);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let made = "create secret generic roadloop-queue --from-file=NATS_PASSWORD=";
    assert!(asked.contains(made), "{asked}");
    let settings = workspace.path("roadloop/deploy/k8s/kubernetes/settings.yaml");
    let settings = fs::read_to_string(settings).unwrap();
    assert!(settings.contains("SOURCE: s3://in\n"), "{settings}");
    assert!(settings.contains("ROADLOOP_STORE: s3://lake/main\n"), "{settings}");
}

/// Up, a drive processed, a worker killed on the way, down, nothing left.
#[test]
fn a_system_of_this_machine_comes_works_and_goes() {
    let workspace = Workspace::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = free.to_string();
    let up = workspace.run(&["up", "--target", "local", "--listen", &listen]);
    assert_eq!(up.code, 0, "{up:?}");
    let local = workspace.path("roadloop/local");
    let pid = |name: &str| {
        let text = fs::read_to_string(local.join(format!("{name}.pid"))).unwrap();
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        written["pid"].as_u64().unwrap()
    };
    let first = pid("worker-1");
    let killed = Command::new("kill").args(["-9", &first.to_string()]).status().unwrap();
    assert!(killed.success());
    let bag = small_bag(&workspace, 4);
    fs::rename(bag, workspace.path("roadloop/incoming/drive.bag")).unwrap();
    let started = Instant::now();
    let is_done = || {
        let status = workspace.run(&["search", "camera = camera__rear", "--count"]);
        status.stdout.trim() == "4" && pid("worker-1") != first
    };
    while !is_done() {
        assert!(started.elapsed() < Duration::from_secs(120), "it is not worked on");
        sleep(Duration::from_millis(300));
    }
    let pids = ["supervisor", "worker-1", "worker-2", "watch"].map(pid);
    let down = workspace.run(&["down", "--target", "local"]);
    assert_eq!(down.code, 0, "{down:?}");
    for pid in pids {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // One whose parent does not ask for it is a name without a process.
        assert!(state.is_empty() || state.contains(") Z "), "{state}");
    }
    let again = workspace.run(&["down", "--target", "local"]);
    assert!(again.stdout.contains("stopped: 0 programs"), "{again:?}");
}
