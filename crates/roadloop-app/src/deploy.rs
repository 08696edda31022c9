//! What `up` makes and `down` takes away, as steps that can be shown or done.
//!
//! The files of `deploy/` in the repository are inside the binary; they are written to
//! the workspace and given to the tools that know what to do with them. A process on
//! this machine is the one thing that is looked after here: [`local`].

pub(crate) mod local;
mod process;
mod step;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::session::Session;
use crate::usage::usage;
use step::{Keep, Step};

pub(crate) use step::{show, take};

/// Where a system runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// Processes of this machine
    Local,
    /// Containers of this machine, by Docker Compose
    Compose,
    /// A Kubernetes cluster, by kubectl
    K8s,
    /// An account of Amazon's, by CloudFormation
    Aws,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Target::Local => "local",
            Target::Compose => "compose",
            Target::K8s => "k8s",
            Target::Aws => "aws",
        }
    }
}

/// A file of `deploy/`, by its name there and what is in it.
macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../deploy/", $name)))
    };
}

const COMPOSE: &[(&str, &str)] = &[
    template!("compose.yaml"),
    template!("compose/nats.conf"),
    template!("compose/setup-bucket.sh"),
    template!("compose/example.env"),
];

const KUBERNETES: &[(&str, &str)] = &[
    template!("kubernetes/namespace.yaml"),
    template!("kubernetes/accounts.yaml"),
    template!("kubernetes/nats.yaml"),
    template!("kubernetes/workers.yaml"),
    template!("kubernetes/scaling.yaml"),
    template!("kubernetes/watch.yaml"),
    template!("kubernetes/upkeep.yaml"),
    template!("kubernetes/network.yaml"),
    template!("kubernetes/optional/secrets.yaml"),
    template!("kubernetes/optional/pod-monitor.yaml"),
];

/// Those that say what is different from project to project.
const KUBERNETES_SETTINGS: (&str, &str) = template!("kubernetes/settings.yaml");
const KUSTOMIZATION: (&str, &str) = template!("kubernetes/kustomization.yaml");

const CLOUDFORMATION: &[(&str, &str)] = &[template!("cloudformation.yaml")];

const EXAMPLE_ENV: &str = COMPOSE[3].1;

/// What all of it is called, in Kubernetes and at Amazon.
const NAME: &str = "roadloop";

/// What a person wants of a system in containers.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) source: Option<String>,
    pub(crate) image: Option<String>,
    /// Parameters of the template, as `KEY=VALUE`.
    pub(crate) set: Vec<String>,
}

/// What has to be on this machine, and where it leads to.
fn needs(target: Target) -> Vec<Step> {
    match target {
        Target::Local => Vec::new(),
        Target::Compose => {
            vec![Step::needs(["docker", "compose", "version"], "Docker with its Compose plugin")]
        }
        Target::K8s => vec![Step::needs(
            ["kubectl", "version"],
            "kubectl, and a context that leads to a cluster,",
        )],
        Target::Aws => vec![Step::needs(
            ["aws", "sts", "get-caller-identity"],
            "the AWS command line, with a region and credentials that are let in,",
        )],
    }
}

/// Where the files of a target lie.
fn folder(session: &Session, target: Target) -> PathBuf {
    session.config.workspace().join("deploy").join(target.name())
}

/// What is to be done for a system to run.
pub(crate) fn up(session: &Session, target: Target, wishes: &Wishes) -> Result<Vec<Step>> {
    let folder = folder(session, target);
    match target {
        Target::Local => Ok(Vec::new()),
        Target::Compose => {
            let mut steps = needs(target);
            steps.extend(written(&folder, COMPOSE));
            steps.push(environment(folder.join(".env"), wishes)?);
            let file = folder.join("compose.yaml").display().to_string();
            let up = ["docker", "compose", "--file", &file, "up", "--detach", "--wait"];
            steps.push(Step::run(up));
            Ok(steps)
        }
        Target::K8s => {
            let mut steps = needs(target);
            let crd = ["kubectl", "get", "crd", "scaledobjects.keda.sh"];
            steps.push(Step::needs(crd, "KEDA in the cluster"));
            steps.extend(written(&folder, KUBERNETES));
            steps.extend(cluster_settings(session, &folder, wishes)?);
            let namespace = folder.join("kubernetes/namespace.yaml").display().to_string();
            steps.push(Step::run(["kubectl", "apply", "--filename", &namespace]));
            // Its value goes by a file: what stands in a command can be seen by others.
            let secret = folder.join("NATS_PASSWORD");
            steps.push(Step::write(secret.clone(), random()?, Keep::Secret));
            let from = format!("--from-file=NATS_PASSWORD={}", secret.display());
            steps.push(Step::unless(
                ["kubectl", "--namespace", NAME, "get", "secret", "roadloop-queue"],
                ["kubectl", "--namespace", NAME, "create", "secret", "generic"]
                    .into_iter()
                    .chain(["roadloop-queue", &from]),
            ));
            let all = folder.join("kubernetes").display().to_string();
            steps.push(Step::run(["kubectl", "apply", "--kustomize", &all]));
            for what in ["statefulset/nats", "deployment/roadloop-watch"] {
                steps.push(Step::run([
                    "kubectl",
                    "--namespace",
                    NAME,
                    "rollout",
                    "status",
                    what,
                    "--timeout=10m",
                ]));
            }
            Ok(steps)
        }
        Target::Aws => {
            let mut steps = needs(target);
            steps.extend(written(&folder, CLOUDFORMATION));
            let file = folder.join("cloudformation.yaml").display().to_string();
            let mut words: Vec<&str> =
                vec!["aws", "cloudformation", "deploy", "--stack-name", NAME];
            words.extend(["--template-file", &file, "--capabilities", "CAPABILITY_IAM"]);
            words.push("--no-fail-on-empty-changeset");
            let tag = wishes.image.as_ref().map(|image| format!("ImageTag={image}"));
            let set: Vec<&str> = tag.iter().chain(&wishes.set).map(String::as_str).collect();
            if !set.is_empty() {
                words.push("--parameter-overrides");
                words.extend(set);
            }
            steps.push(Step::run(words));
            Ok(steps)
        }
    }
}

/// What is to be done for it to be gone; data only where that was said.
pub(crate) fn down(session: &Session, target: Target, deletes_data: bool) -> Vec<Step> {
    let mut steps = needs(target);
    steps.extend(taken_away(&folder(session, target), target, deletes_data));
    steps
}

fn taken_away(folder: &Path, target: Target, deletes_data: bool) -> Vec<Step> {
    let folder = folder.to_owned();
    match target {
        Target::Local => Vec::new(),
        Target::Compose => {
            let file = folder.join("compose.yaml").display().to_string();
            let mut words = vec!["docker", "compose", "--file", &file, "down", "--remove-orphans"];
            if deletes_data {
                words.push("--volumes");
            }
            let mut steps = vec![Step::run(words)];
            // The secrets of volumes that stay are needed again.
            let gone = if deletes_data { vec![folder] } else { paths(&folder, COMPOSE) };
            steps.extend(gone.into_iter().map(Step::Remove));
            steps
        }
        Target::K8s if deletes_data => vec![
            // With its volumes and secrets.
            Step::run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"]),
            Step::Remove(folder),
        ],
        Target::K8s => {
            // All but the namespace, the volumes, and the secrets of those.
            let kinds = "scaledobjects.keda.sh,cronjobs,deployments,statefulsets,services,configmaps,\
                         serviceaccounts,networkpolicies,poddisruptionbudgets";
            let part = "app.kubernetes.io/part-of=roadloop";
            // Until pods are gone too.
            let waits = ["--ignore-not-found", "--cascade=foreground", "--timeout=5m"];
            let delete = ["kubectl", "--namespace", NAME, "delete", kinds, "--selector", part];
            vec![Step::run(delete.into_iter().chain(waits))]
        }
        Target::Aws => {
            let mut steps = vec![
                Step::Buckets { stack: NAME, list: folder.join("buckets.json") },
                Step::run(["aws", "cloudformation", "delete-stack", "--stack-name", NAME]),
                Step::run(
                    ["aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name"]
                        .into_iter()
                        .chain([NAME]),
                ),
            ];
            if deletes_data {
                // When nobody writes to them any more.
                steps.push(Step::Empty { list: folder.join("buckets.json") });
                steps.push(Step::Remove(folder));
            }
            steps
        }
    }
}

fn paths(folder: &Path, templates: &[(&str, &str)]) -> Vec<PathBuf> {
    templates.iter().map(|(name, _)| folder.join(name)).collect()
}

/// Files that are written anew each time: they belong to this version of the program.
fn written(folder: &Path, templates: &[(&str, &str)]) -> Vec<Step> {
    let write =
        |(name, text): &(&str, &str)| Step::write(folder.join(name), (*text).to_owned(), Keep::No);
    templates.iter().map(write).collect()
}

/// What people are to look at, and may change: written once.
fn cluster_settings(session: &Session, folder: &Path, wishes: &Wishes) -> Result<Vec<Step>> {
    let (settings, kustomization) =
        (folder.join(KUBERNETES_SETTINGS.0), folder.join(KUSTOMIZATION.0));
    let store = session.config.store();
    let is_bucket = store.contains("://") && !store.starts_with("file:");
    let text = match (&wishes.source, is_bucket) {
        _ if settings.exists() => String::new(),
        (Some(source), true) => KUBERNETES_SETTINGS
            .1
            .replace("s3://fleet-ingest", source)
            .replace("s3://fleet-lake/main", &store),
        _ => {
            return Err(usage(
                "a cluster reads recordings from a bucket and keeps what it makes in one: name \
                 them with --source and --store",
            ));
        }
    };
    let image = wishes.image.as_deref().unwrap_or("roadloop:latest");
    // The part after the last colon, unless that belongs to a port.
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    };
    let images = KUSTOMIZATION
        .1
        .replace("newName: roadloop", &format!("newName: {name}"))
        .replace("newTag: latest", &format!("newTag: {tag:?}"));
    // Another image is a new version that is to be rolled out.
    let keep = if wishes.image.is_some() { Keep::No } else { Keep::AsItIs };
    Ok(vec![Step::write(settings, text, Keep::AsItIs), Step::write(kustomization, images, keep)])
}

/// Secrets, made once, and the image, which another one may take the place of.
fn environment(path: PathBuf, wishes: &Wishes) -> Result<Step> {
    let there = std::fs::read_to_string(&path).ok();
    let is_new = there.is_none();
    let mut text = there.map_or_else(|| with_secrets(EXAMPLE_ENV), Ok)?;
    if let Some(image) = &wishes.image {
        let line = |line: &str| match line.starts_with("ROADLOOP_IMAGE=") {
            true => format!("ROADLOOP_IMAGE={image}\n"),
            false => format!("{line}\n"),
        };
        text = text.lines().map(line).collect();
    }
    let keep = if is_new || wishes.image.is_none() { Keep::Secret } else { Keep::No };
    Ok(Step::write(path, text, keep))
}

/// The example with a secret of its own at each place where one is wanted.
fn with_secrets(example: &str) -> Result<String> {
    let mut text = String::new();
    for line in example.lines() {
        text += line;
        if !line.starts_with('#') && line.ends_with('=') {
            text += &random()?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// 48 letters and digits nobody guesses; a letter first, as NATS wants it.
fn random() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0; 24];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("x{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_put_where_they_are_wanted() {
        let text = with_secrets("# A=\nA=\nB=1\n").unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[2]), ("# A=", "B=1"));
        let secret = lines[1].strip_prefix("A=x").unwrap();
        assert!(secret.len() == 48 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(with_secrets("A=\n").unwrap(), with_secrets("A=\n").unwrap());
        let wanted = with_secrets(EXAMPLE_ENV).unwrap();
        assert_eq!(wanted.matches("=x").count(), 3, "{wanted}");
    }

    #[test]
    fn what_is_replaced_in_templates_is_there() {
        assert_eq!(EXAMPLE_ENV.matches("\nROADLOOP_IMAGE=").count(), 1);
        for text in ["s3://fleet-ingest", "s3://fleet-lake/main"] {
            assert_eq!(KUBERNETES_SETTINGS.1.matches(text).count(), 1, "{text}");
        }
        for text in ["newName: roadloop", "newTag: latest"] {
            assert_eq!(KUSTOMIZATION.1.matches(text).count(), 1, "{text}");
        }
        for (name, _) in KUBERNETES.iter().filter(|(name, _)| !name.contains("optional")) {
            let file = name.trim_start_matches("kubernetes/");
            assert!(KUSTOMIZATION.1.contains(file), "{name}");
        }
    }
}
