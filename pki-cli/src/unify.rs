//! `hapki unify`, and what `hapki rotate` shares with it: paths to a request, `pki_core::apply`, a report.

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use pki_core::apply;
use pki_core::apply::Means;
use pki_core::apply::Probe;
use pki_core::apply::SharedCommand;
use pki_core::apply::SharedOptions;
use pki_core::issue::RandomSerials;
use pki_core::probe;
use pki_core::probe::Outcome;
use pki_core::probe::Question;
use pki_core::report::shared::refusal;
use pki_core::report::shared::shared_json;
use pki_core::report::shared::shared_plain;
use pki_core::request::NamedPath;
use pki_core::request::SharedRequest;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id::KidForm;
use pki_core::x509::certificate;
use pki_core::x509::certificate::Certificate;
use time::Duration;
use time::OffsetDateTime;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::audit;
use crate::failure::Failure;
use crate::input;
use crate::issue;
use crate::terminal::Terminal;

/// Arguments of `hapki unify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    shared: Shared,
}

/// What unify and rotate share.
#[derive(Debug, clap::Args)]
pub(crate) struct Shared {
    /// Nodes' trees (service-account pairs), Harbor or registry directories (token pairs), NAME=KEY.pem of a token server
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Whose key all are to share [default: the key that most hold]
    #[arg(long, value_name = "NAME", conflicts_with = "generate")]
    from: Option<String>,
    /// Have all share a new key
    #[arg(long)]
    generate: bool,
    /// Write; without it, only say what would be written
    #[arg(long, conflicts_with = "dry_run")]
    apply: bool,
    /// Do it in one go instead of stages, and lose the requests that the plan names
    #[arg(long)]
    at_once: bool,
    /// Change files that are mounted into containers one by one in place, so that they are seen without a restart
    #[arg(long)]
    in_place: bool,
    /// What was restarted since the last run, as its list of restarts names it
    #[arg(long, value_name = "NAME")]
    restarted: Vec<String>,
    /// Ask a registry that runs whether it has read its files, instead of --restarted: registry@node1=http://10.0.0.1:5000
    #[arg(long, value_name = "NAME=URL", value_parser = probe)]
    probe: Vec<(String, String)>,
    /// Whom to trust for the certificates of those that are asked
    #[arg(long, value_name = "FILE", requires = "probe")]
    probe_roots: Option<PathBuf>,
    /// How long tokens live where no file tells it: 90s, 30m, 12h, 7d [default: 30m, masters 24h]
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    token_lifetime: Option<Duration>,
    /// What a token server that is not Harbor writes into its tokens to name its key: libtrust, rfc7638, x5c
    #[arg(long, value_name = "FORM", value_parser = kid_form)]
    signer_kid: Option<KidForm>,
    #[command(flatten)]
    inventory: args::InventoryFile,
    #[command(flatten)]
    dry_run: args::DryRun,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// Makes one key of many, a stage a run.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    carry_out(SharedCommand::Unify, args.shared, terminal)
}

/// What all three commands do.
pub(crate) fn carry_out(
    command: SharedCommand,
    args: Shared,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let inventory = args.inventory.load()?;
    let now = args.now;
    let clock = move || now.instant();
    let roots = args.probe_roots.as_deref().map_or(Ok(Vec::new()), roots)?;
    let ask = |asked: &Probe<'_>| ask(asked, &roots, clock());
    let options = SharedOptions {
        inventory: inventory.as_ref(),
        clock: &clock,
        probe: Some(&ask),
    };
    let request = request(&args);
    let mut means = Means {
        now: clock(),
        keys: &mut issue::fresh_keys(),
        serials: &mut RandomSerials,
        dry_run: !request.apply,
        recovered: Vec::new(),
    };
    let outcome = apply::shared(command, &request, &options, &mut means);
    issue::say_recovered(&means.recovered, terminal);
    let outcome = outcome.map_err(issue::failure)?;
    if outcome.applied {
        terminal.change_is_made();
    }
    let refusal = refusal(&outcome);
    match (args.output.format, &refusal) {
        (Format::Human, Some(_)) => {}
        (Format::Human, None) => terminal.print(shared_plain(&outcome))?,
        (Format::Json, _) => terminal.print(shared_json(&outcome))?,
    }
    match refusal {
        Some((sentence, hint)) => Err(Failure::refused(sentence).hint(hint)),
        None => Ok(Answer::Done),
    }
}

fn request(args: &Shared) -> SharedRequest {
    let paths = args.paths.iter().map(|path| {
        let argument = audit::path_argument(path.clone());
        NamedPath {
            name: argument.name,
            path: argument.path,
        }
    });
    SharedRequest {
        paths: paths.collect(),
        from: args.from.clone(),
        generate: args.generate,
        at_once: args.at_once,
        in_place: args.in_place,
        restarted: args.restarted.clone(),
        probe: args.probe.clone(),
        signer_kid: args.signer_kid,
        token_lifetime: args.token_lifetime,
        apply: args.apply,
    }
}

fn ask(asked: &Probe<'_>, roots: &[Certificate], now: OffsetDateTime) -> Result<bool, String> {
    let url: probe::Url = asked.url.parse()?;
    let names = asked.names;
    let outcome = probe::ask(&Question {
        url: &url,
        key: asked.key,
        reference: KeyRef::new(names.kid, asked.key.public_key(), &[]),
        service: &names.service,
        issuer: &names.issuer,
        roots,
        now,
    });
    match outcome {
        Outcome::Trusts => Ok(true),
        Outcome::Refuses(_) => Ok(false),
        Outcome::Unclear(why) => Err(why),
    }
}

fn roots(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let refuse = |what: &dyn std::fmt::Display| {
        Failure::refused(format_args!("{}: {what}", path.display()))
            .hint("give the CA's certificate as PEM with --probe-roots")
    };
    let bytes = input::read(path).map_err(|problem| refuse(&problem))?;
    let entries = certificate::read(&bytes).into_iter();
    let certificates = entries.map(|entry| entry.certificate);
    certificates
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(&error))
}

fn probe(text: &str) -> Result<(String, String), String> {
    let (name, url) = text
        .split_once('=')
        .ok_or("write NAME=URL, the name as `restart` has it")?;
    let url: probe::Url = url.parse()?;
    Ok((name.to_owned(), url.to_string()))
}

/// `90s` and `30m` too, for tokens live shorter than certificates.
fn lifetime(text: &str) -> Result<Duration, String> {
    let short = [("s", 1), ("m", 60)]
        .into_iter()
        .find_map(|(unit, seconds)| {
            let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
            count.checked_mul(seconds)
        });
    match short {
        Some(seconds) if (1..=MOST_SECONDS).contains(&seconds) => Ok(Duration::seconds(seconds)),
        Some(_) => Err("not a time that a token can live".to_owned()),
        None => args::duration(text).map_err(|_| {
            format!("`{text}` is not a duration; write whole seconds, minutes, hours or days: 90s, 30m, 12h, 7d")
        }),
    }
}

fn kid_form(text: &str) -> Result<KidForm, String> {
    match text.parse() {
        Ok(KidForm::Kubernetes) | Err(_) => Err("there are libtrust, rfc7638 and x5c".to_owned()),
        Ok(form) => Ok(form),
    }
}

/// A hundred years.
const MOST_SECONDS: i64 = 100 * 365 * 86400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_short_or_long() {
        assert_eq!(lifetime("8s"), Ok(Duration::seconds(8)));
        assert_eq!(lifetime("30m"), Ok(Duration::minutes(30)));
        assert_eq!(lifetime("12h"), Ok(Duration::hours(12)));
        for wrong in ["0s", "-1m", "s", "5", "99999999999m"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
        assert!(lifetime("24").unwrap_err().contains("30m"));
    }
}
