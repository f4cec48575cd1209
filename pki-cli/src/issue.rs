//! `hapki issue`: names to a request, `pki_core::apply`, a report. The clock and the resolver are asked here.

use std::ffi::OsString;
use std::net::IpAddr;
use std::net::ToSocketAddrs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::path::PathBuf;

use pki_core::apply;
use pki_core::apply::ApplyError;
use pki_core::apply::HarborInternalOptions;
use pki_core::apply::IssueOptions;
use pki_core::apply::Means;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::place::PKI_DIR;
use pki_core::plan;
use pki_core::plan::outcome::Outcome;
use pki_core::plan::target::Destination;
use pki_core::profile::Profile;
use pki_core::report::issue::issue_json;
use pki_core::report::issue::issue_plain;
use pki_core::request::IssueRequest;
use pki_core::request::NamedPath;
use pki_core::source::PathArgument;
use pki_core::write::Recovered;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::san::DnsName;
use pki_core::x509::san::SubjectAltName;
use time::Duration;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::audit::path_argument;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `hapki issue`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to issue: apiserver, apiserver-kubelet-client, apiserver-etcd-client, front-proxy-client, etcd-server,
    /// etcd-peer, etcd-healthcheck-client, kubelet-server, registry, admin.conf, super-admin.conf,
    /// controller-manager.conf, scheduler.conf, kubelet.conf, or all that kubeadm makes on such a node; harbor-internal is
    /// what Harbor's containers show each other, one CA and a pair for each, in --out DIR
    #[arg(required = true, value_name = "PROFILE", value_parser = wanted)]
    profiles: Vec<Wanted>,
    /// The node's Kubernetes name (for a registry: its host)
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// A Harbor or registry directory, its configuration, or the tree of a node that dials it: what it is reached by is
    /// taken from there, and --install writes where it says. May be given several times
    #[arg(long, value_name = "[NAME=]PATH")]
    registry: Vec<OsString>,
    #[command(flatten)]
    pki_dir: args::PkiDir,
    #[command(flatten)]
    inventory: args::InventoryFile,
    /// A further DNS name
    #[arg(long, value_name = "NAME", value_parser = DnsName::new)]
    dns: Vec<DnsName>,
    /// A further address; it also serves as the node's own when none is found
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    ip: Vec<IpAddr>,
    /// Use the names of --dns and --ip and no others
    #[arg(long)]
    only_given: bool,
    /// Ask this machine's resolver for the node's address when no file tells it
    #[arg(long)]
    resolve: bool,
    /// rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, ed25519 [default: the inventory's, else rsa-2048]
    #[arg(long, value_name = "KIND")]
    key: Option<KeyAlgorithm>,
    /// How long it is valid: 365d, 12h, 10y [default: the inventory's, else 365d]
    #[arg(long, value_name = "DURATION", value_parser = args::duration)]
    validity: Option<Duration>,
    /// A certification request: signed when the file is there, made (with its key) when it is not and the CA's key is
    /// elsewhere
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    /// The CA's certificate, where it is not in the PKI directory
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
    /// The CA's key [default: beside the CA's certificate]
    #[arg(long, value_name = "FILE")]
    ca_key: Option<PathBuf>,
    /// Write a tree DIR/NODE/etc/kubernetes in kubeadm's names, ready to copy
    #[arg(long, value_name = "DIR", conflicts_with = "install")]
    out: Option<PathBuf>,
    /// Write where the node's own manifests point, with a backup of what was there
    #[arg(long)]
    install: bool,
    /// Replace files that are there, with a backup
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    dry_run: args::DryRun,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// One PROFILE argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    One(Profile),
    All,
    HarborInternal,
}

/// Issues the certificates.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let now = args.now.instant();
    let mut means = Means {
        now,
        keys: &mut fresh_keys(),
        serials: &mut RandomSerials,
        dry_run: args.dry_run.dry_run,
        recovered: Vec::new(),
    };
    let outcome = if args.profiles.contains(&Wanted::HarborInternal) {
        harbor_internal(&args, &mut means)
    } else {
        certificates(&args, &mut means)
    };
    say_recovered(&means.recovered, terminal);
    let outcome = outcome?;
    if !means.dry_run {
        terminal.change_is_made();
    }
    match args.output.format {
        Format::Human => terminal.print(issue_plain(&outcome))?,
        Format::Json => terminal.print(issue_json(&outcome))?,
    }
    Ok(Answer::Done)
}

fn harbor_internal(args: &Args, means: &mut Means<'_>) -> Result<Outcome, Failure> {
    let (Some(out), [Wanted::HarborInternal]) = (&args.out, args.profiles.as_slice()) else {
        return Err(Failure::refused(
            "harbor-internal is issued by itself, and into a directory",
        )
        .hint("hapki issue harbor-internal --out DIR, where DIR is internal_tls.dir of harbor.yml or is copied there"));
    };
    let options = HarborInternalOptions {
        out,
        key: args.key,
        validity: args.validity,
        force: args.force,
    };
    apply::harbor_internal(&options, means).map_err(failure)
}

fn certificates(args: &Args, means: &mut Means<'_>) -> Result<Outcome, Failure> {
    let inventory = args.inventory.load()?;
    let resolver: plan::Resolve<'_> = &resolve;
    let options = IssueOptions {
        plan: plan::Options {
            all: args.profiles.contains(&Wanted::All),
            key: args.key,
            validity: args.validity,
            request: None,
            destination: destination(args),
            force: args.force,
            now: means.now,
        },
        csr: args.csr.clone(),
        inventory: inventory.as_ref(),
        default_pki_dir: Path::new(PKI_DIR),
        resolve: args.resolve.then_some(resolver),
    };
    let request = request(args)?;
    apply::issue(&request, &options, means).map_err(failure)
}

/// Keys made on every core that there is.
pub(crate) fn fresh_keys() -> FreshKeys {
    FreshKeys {
        threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    }
}

/// What an earlier run had left, whatever became of this one.
pub(crate) fn say_recovered(recovered: &[Recovered], terminal: &mut Terminal) {
    for recovered in recovered {
        terminal.warn(recovered);
    }
}

/// A change that was refused, or one that was left half done.
pub(crate) fn failure(error: ApplyError) -> Failure {
    let failure = if error.left_something() {
        Failure::interrupted(&error)
    } else {
        Failure::refused(&error)
    };
    failure.hint_if(error.hint().as_deref())
}

fn request(args: &Args) -> Result<IssueRequest, Failure> {
    let Some(node) = args.node.clone() else {
        return Err(
            Failure::refused("--node is missing: whom the certificates are for")
                .hint("give the node's Kubernetes name, or a registry's host, with --node NAME"),
        );
    };
    let profiles = args.profiles.iter().filter_map(|wanted| match wanted {
        Wanted::One(profile) => Some(*profile),
        Wanted::All | Wanted::HarborInternal => None,
    });
    Ok(IssueRequest {
        profiles: profiles.collect(),
        node,
        dns: args.dns.clone(),
        ip: args.ip.clone(),
        only_given: args.only_given,
        registries: args.registry.iter().cloned().map(named_path).collect(),
        pki_dir: Some(args.pki_dir.pki_dir.clone()),
        ca_cert: args.ca_cert.clone(),
        ca_key: args.ca_key.clone(),
        install: args.install,
    })
}

fn named_path(argument: OsString) -> NamedPath {
    let PathArgument { name, path } = path_argument(argument);
    NamedPath { name, path }
}

fn destination(args: &Args) -> Destination {
    match &args.out {
        Some(out) => Destination::Out(out.clone()),
        None if args.install => Destination::Install,
        None => Destination::Beside,
    }
}

fn wanted(text: &str) -> Result<Wanted, String> {
    match text {
        "all" => Ok(Wanted::All),
        "harbor-internal" => Ok(Wanted::HarborInternal),
        text => text.parse().map(Wanted::One),
    }
}

/// An address as a certificate can hold it: no network, no brackets, no leading zeros.
fn address(text: &str) -> Result<IpAddr, String> {
    match text.parse::<SubjectAltName>() {
        Ok(SubjectAltName::Ip(address)) => Ok(address),
        Ok(SubjectAltName::Dns(_)) => {
            Err("is a name, not an address; give it with --dns".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn resolve(name: &str) -> Vec<IpAddr> {
    let answers = (name, 0).to_socket_addrs().into_iter().flatten();
    answers.map(|answer| answer.ip()).collect()
}
