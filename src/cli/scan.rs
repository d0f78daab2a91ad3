//! `tamis scan`: looks at message files and says what we think.
//!
//! With `--json` one object per line and file, a stable contract: `file`, `read_as`, `class`, `score`, `findings`, `parts`,
//! `links`, `defects`, `ms`.

use super::{Exit, Fault, program, runtime, settings, show};
use crate::admin::{self, ReadAs, Scan, Sight};
use crate::config::{ClamdSettings, Settings};
use crate::limits::SCAN_FILE_BYTES_MAX;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Message files, or other files, which are looked at as if they were attached to a message; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What the files are, where their first lines don't tell.
    #[arg(long = "as", value_enum)]
    read_as: Option<Kind>,
    /// One JSON object per line and file.
    #[arg(long)]
    json: bool,
    /// Ask nobody: no server, no clamd.
    #[arg(long)]
    offline: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    Message,
    Attachment,
}

impl Kind {
    fn read_as(self) -> ReadAs {
        match self {
            Self::Message => ReadAs::Message,
            Self::Attachment => ReadAs::Attachment,
        }
    }
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    let settings = if args.offline { offline(settings(config)?) } else { settings(config)? };
    let sight = Sight::new(settings, program()?).map_err(|e| Fault::new(Exit::Config, e))?;
    let runtime = runtime()?;
    let mut exit = Exit::Ok;
    for file in &args.files {
        let scanned = read(file).and_then(|bytes| {
            runtime
                .block_on(admin::scan(&file.to_string_lossy(), bytes, args.read_as.map(Kind::read_as), &sight))
                .map_err(|e| Fault::new(Exit::Software, format!("{}: {e}", file.display())))
        });
        match scanned {
            Ok(scan) if args.json => show::json(&scan),
            Ok(scan) => print(&scan),
            Err(fault) => exit = fault.print(),
        }
    }
    Ok(exit)
}

/// The settings of one who asks nobody over the network, and no other server.
pub(super) fn offline(settings: Settings) -> Settings {
    Settings { clamd: ClamdSettings { socket: None, tcp: None, ..settings.clamd }, ..settings }
}

/// A message file as it is; its line ends stay.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    let fault = |e: std::io::Error| Fault::new(Exit::NoInput, format!("{}: {e}", file.display()));
    let mut bytes = Vec::new();
    let max = SCAN_FILE_BYTES_MAX + 1;
    match file == Path::new("-") {
        true => std::io::stdin().lock().take(max).read_to_end(&mut bytes).map_err(fault)?,
        false => std::fs::File::open(file).map_err(fault)?.take(max).read_to_end(&mut bytes).map_err(fault)?,
    };
    if bytes.len() as u64 > SCAN_FILE_BYTES_MAX {
        let most = show::size(SCAN_FILE_BYTES_MAX);
        return Err(Fault::new(Exit::Data, format!("{}: larger than {most}, not looked at", file.display())));
    }
    Ok(bytes)
}

fn print(scan: &Scan) {
    show::say(format!("{}: {} {:.1} ({:.1} ms)", show::safe(&scan.file), scan.class, scan.score, scan.ms));
    if !scan.findings.is_empty() {
        let rows = scan.findings.iter().map(|f| vec![f.name.clone(), format!("{:+.1}", f.weight), f.detail.clone()]);
        show::table(&["finding", "weight", "detail"], rows);
    }
    if !scan.parts.is_empty() {
        let rows = scan
            .parts
            .iter()
            .map(|p| vec![p.path.join(" › "), p.declared_type.clone(), p.true_type.clone(), show::size(p.size)]);
        show::table(&["part", "declared", "true type", "size"], rows);
    }
    for defect in &scan.defects {
        show::say(format!("defect: {}", show::safe(defect)));
    }
}
