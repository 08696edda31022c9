//! What people type: global options, one variant per command, one file each.

mod anonymize;
mod bag;
mod catalog;
mod completions;
mod config_show;
mod dataset;
mod detect;
mod doctor;
mod down;
mod enrich;
mod eval;
mod extract;
mod hits;
pub(crate) mod label;
mod output;
pub(crate) mod queue;
mod quickstart;
mod run;
mod runs;
mod search;
mod select;
mod serve;
mod sql;
mod studio;
mod tag;
mod train;
mod up;
mod users;
mod watch;
pub(crate) mod worker;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::command::quoted;
use crate::config::Overrides;
use crate::progress::ProgressStyle;
use crate::render::Voice;
use crate::session::Session;

/// Where nothing else is said.
const USUAL_WORKSPACE: &str = "roadloop";

const EXAMPLES: &str = "\
Examples:
  roadloop quickstart                       see all of it on the recording inside
  roadloop run drive.bag                    extract, detect, anonymise
  roadloop search 'count(person) >= 2'      which frames show two people?
  roadloop search 'has(car)' --contact-sheet cars.png
  roadloop select 'has(person)' --sample 500 --by camera --spread --save crowds
  roadloop sql 'select label, count(*) from detections group by label'
  roadloop catalog compact                  keep questions fast
  roadloop watch ./incoming                 work on recordings as they come
  roadloop run drive.bag --queue jobs.db    give the work to roadloop worker
  roadloop up --target local                workers of this machine, and one that watches
  roadloop label create av --from crowds --labels car --workers 3
                                            have people draw boxes
  roadloop train cars --epochs 40           a detector from a frozen dataset
  roadloop eval cars cars:test              how good is it?
  roadloop studio                           look at all of it in a browser
  roadloop serve --rekognition              answer programs written for Amazon
  roadloop bag info drive.bag               what is in a recording?
  roadloop doctor                           is everything here that is needed?

Exit codes: 0 done, 1 failed, 2 usage, 3 done with skips, 130 interrupted.";

/// The data engine for driving footage: recordings in; images, a searchable
/// catalog and anonymised copies out
#[derive(Debug, Parser)]
#[command(name = "roadloop", version, long_version = long_version(), after_help = EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Folder of the project: settings, runtime and, unless --store says
    /// otherwise, images and tables [env: ROADLOOP_WORKSPACE] [default: roadloop]
    #[arg(long, global = true, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Where images and tables are kept, if not in the workspace: a folder, or a
    /// place in a bucket (s3://BUCKET/PREFIX, gs://…, az://…)
    #[arg(long, global = true, value_name = "URI")]
    store: Option<String>,
    /// Frames worked on at once [default: one per core]
    #[arg(long, global = true, value_name = "N")]
    jobs: Option<u32>,
    /// How progress is shown, on stderr; json makes every line there JSON
    #[arg(long, global = true, value_enum, default_value_t = ProgressStyle::Auto)]
    #[arg(value_name = "STYLE")]
    pub(crate) progress: ProgressStyle,
    /// Say less: no progress, no notes
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Form of the log, on stderr; json makes every line there JSON
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    #[arg(value_name = "FORM")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Quickstart(quickstart::Args),
    Run(run::Args),
    Extract(extract::Args),
    Detect(detect::Args),
    Anonymize(anonymize::Args),
    Search(search::Args),
    Select(select::Args),
    Sql(sql::Args),
    Enrich(enrich::Args),
    Tag(tag::Args),
    Label(label::Args),
    Dataset(dataset::Args),
    Train(train::Args),
    Runs(runs::Args),
    Eval(eval::Args),
    Catalog(catalog::Args),
    Watch(watch::Args),
    Worker(worker::Args),
    Queue(queue::Args),
    Up(up::Args),
    Down(down::Args),
    Serve(serve::Args),
    Studio(studio::Args),
    Users(users::Args),
    Openapi(studio::OpenapiArgs),
    Bag(bag::Args),
    Doctor(doctor::Args),
    Config(config_show::Args),
    Completions(completions::Args),
    Man(completions::ManArgs),
}

/// How a command ended; `main` turns it into the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    DoneWithSkips,
    Failed,
    Usage,
    Interrupted,
}

impl Outcome {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Usage => 2,
            Outcome::DoneWithSkips => 3,
            Outcome::Interrupted => 130,
        }
    }

    /// As the last line of `--progress json` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Usage => "usage",
            Outcome::DoneWithSkips => "done_with_skips",
            Outcome::Interrupted => "interrupted",
        }
    }
}

pub(crate) async fn dispatch(cli: Cli) -> Result<Outcome> {
    let Cli { global, command } = cli;
    match command {
        Command::Quickstart(args) => quickstart::run(&global, args).await,
        Command::Run(args) => run::run(&Session::open(&global, args.overrides())?, args).await,
        Command::Extract(args) => {
            extract::run(&Session::open_without_workspace(&global)?, args).await
        }
        Command::Detect(args) => {
            detect::run(&Session::open(&global, args.overrides())?, args).await
        }
        Command::Anonymize(args) => {
            anonymize::run(&Session::open(&global, args.overrides())?, args).await
        }
        Command::Search(args) => {
            search::run(&Session::open(&global, args.overrides())?, args).await
        }
        Command::Select(args) => {
            select::run(&Session::open(&global, Overrides::new())?, args).await
        }
        Command::Sql(args) => sql::run(&Session::open(&global, args.overrides())?, args).await,
        Command::Enrich(args) => {
            enrich::run(&Session::open(&global, Overrides::new())?, args).await
        }
        Command::Tag(args) => tag::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Label(args) => label::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Dataset(args) => {
            dataset::run(&Session::open(&global, Overrides::new())?, args).await
        }
        Command::Train(args) => train::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Runs(args) => runs::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Eval(args) => eval::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Catalog(args) => {
            catalog::run(&Session::open(&global, Overrides::new())?, args).await
        }
        Command::Watch(args) => watch::run(&Session::open(&global, args.overrides())?, args).await,
        Command::Worker(args) => {
            worker::run(&Session::open(&global, args.overrides())?, args).await
        }
        Command::Queue(args) => queue::run(&Session::open(&global, args.overrides())?, args).await,
        Command::Up(args) => up::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Down(args) => down::run(&Session::open(&global, Overrides::new())?, args).await,
        Command::Serve(args) => serve::run(&Session::open(&global, args.overrides())?, args).await,
        Command::Studio(args) => {
            studio::run(&Session::open(&global, Overrides::new())?, args).await
        }
        Command::Users(args) => users::run(&Session::open(&global, Overrides::new())?, args),
        Command::Openapi(args) => studio::openapi(args),
        Command::Bag(args) => bag::run(Session::open_without_workspace(&global)?, args).await,
        Command::Doctor(args) => doctor::run(&global, args).await,
        Command::Config(args) => config_show::run(&global, args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => completions::man(args),
    }
}

impl Cli {
    /// Whether the command hears signals itself: it has something to hand back.
    pub(crate) fn ends_its_own_way(&self) -> bool {
        match &self.command {
            Command::Watch(_)
            | Command::Worker(_)
            | Command::Serve(_)
            | Command::Studio(_)
            | Command::Train(_) => true,
            Command::Runs(args) => args.trains(),
            Command::Up(args) => args.goes_on(),
            _ => false,
        }
    }
}

/// Whether a command line that could not be parsed asks for JSON on stderr.
pub(crate) fn wants_json_lines(args: impl Iterator<Item = OsString>) -> bool {
    let mut last = OsString::new();
    for arg in args {
        let is_flag = |flag: &OsString| flag == "--progress" || flag == "--log-format";
        if (is_flag(&last) && arg == "json")
            || arg == "--progress=json"
            || arg == "--log-format=json"
        {
            return true;
        }
        last = arg;
    }
    false
}

impl Global {
    /// The workspace: the flag, else a variable that is not empty, else the usual.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.named_workspace().unwrap_or_else(|| PathBuf::from(USUAL_WORKSPACE))
    }

    /// Whether the workspace is another one than the usual on purpose.
    pub(crate) fn names_workspace(&self) -> bool {
        self.named_workspace().is_some()
    }

    fn named_workspace(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os("ROADLOOP_WORKSPACE").filter(|path| !path.is_empty());
        self.workspace.clone().or_else(|| variable().map(PathBuf::from))
    }

    /// The flags a person has to repeat to speak of the same frames.
    pub(crate) fn flags_to_repeat(&self) -> String {
        let mut flags = String::new();
        let workspace = self.workspace();
        if workspace != Path::new(USUAL_WORKSPACE) {
            flags += &format!(" --workspace {}", quoted(&workspace.display().to_string()));
        }
        if let Some(store) = &self.store {
            flags += &format!(" --store {}", quoted(store));
        }
        flags
    }

    /// How everything on stderr is said.
    pub(crate) fn voice(&self) -> Voice {
        if self.progress == ProgressStyle::Json || self.log_format == LogFormat::Json {
            return Voice::JsonLines;
        }
        Voice::Text
    }

    /// The global flags as settings.
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::new();
        overrides.extend(self.store.clone().map(|store| ("store", store)));
        overrides.extend(self.jobs.map(|jobs| ("jobs", jobs.to_string())));
        overrides
    }

    /// Log lines go to stderr: warnings, more with `-v`, or what `RUST_LOG` says.
    pub(crate) fn start_logging(&self) {
        let level = match (self.quiet, self.verbose) {
            (true, _) => "error,deltalake_core=off,buoyant_kernel=off",
            (false, 0) => {
                "warn,deltalake_core=off,buoyant_kernel=off,aws_config=error,aws_smithy=error"
            }
            (false, 1) => "info,datafusion=warn,deltalake_core=off,buoyant_kernel=off",
            (false, _) => "debug",
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.voice() {
            Voice::Text => lines.with_ansi(console_colours()).init(),
            Voice::JsonLines => lines.json().init(),
        }
    }
}

fn console_colours() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Version, build and what this build can do.
fn long_version() -> &'static str {
    concat!(
        env!("CARGO_PKG_VERSION"),
        "\nbuild: ",
        env!("ROADLOOP_TARGET"),
        " ",
        env!("ROADLOOP_PROFILE"),
        "\nreads: ROS 1 bag, MCAP, rosbag2 (sqlite3, mcap), each also as zst, lz4, bz2",
        "\nstores: folder, S3, Google Cloud Storage, Azure",
        "\ninference: ONNX Runtime 1.24 or later, CPU execution provider",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The parser takes two of one name for the same, and fails when it is used.
    #[test]
    fn no_command_has_an_argument_of_a_global_ones_name() {
        let cli = Cli::command();
        let is_global = |arg: &&clap::Arg| arg.is_global_set();
        let globals: Vec<_> =
            cli.get_arguments().filter(is_global).map(clap::Arg::get_id).collect();
        assert!(globals.len() > 5);
        let mut waiting: Vec<&clap::Command> = cli.get_subcommands().collect();
        while let Some(command) = waiting.pop() {
            for arg in command.get_arguments() {
                assert!(
                    !globals.contains(&arg.get_id()),
                    "{} {}",
                    command.get_name(),
                    arg.get_id()
                );
            }
            waiting.extend(command.get_subcommands());
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        let cli = Cli::command();
        let mut waiting: Vec<&clap::Command> = cli.get_subcommands().collect();
        while let Some(command) = waiting.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("roadloop "), "{} has no example", command.get_name());
            waiting.extend(command.get_subcommands());
        }
    }
}
