//! The listing that people read: one block an item, one line a field.

use std::fmt::Write;

use time::Duration;
use time::OffsetDateTime;

use crate::inspect::CertificateItem;
use crate::inspect::InspectedFile;
use crate::inspect::Inspection;
use crate::inspect::Item;
use crate::inspect::KeyIds;
use crate::inspect::KeyItem;
use crate::inspect::Kubeconfig;
use crate::inspect::Order;
use crate::inspect::RequestItem;
use crate::inspect::SignedBy;
use crate::place::Place;
use crate::report::printable::Printable;
use crate::report::rfc3339;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;
use crate::x509::hex;
use crate::x509::signature::SignatureAlgorithm;

/// The listing, with days left counted from `now`. Control characters in names are escaped: a certificate may come
/// from anywhere, and its listing goes to a terminal.
pub fn human(inspection: &Inspection, now: OffsetDateTime) -> String {
    let mut listing = Listing {
        text: String::new(),
        now,
        file: Place::default(),
    };
    for (index, file) in inspection.files.iter().enumerate() {
        if index > 0 {
            listing.text.push('\n');
        }
        listing.file(file);
    }
    listing.text
}

struct Listing {
    text: String,
    now: OffsetDateTime,
    /// The file that is being listed: places in it are told by their line alone.
    file: Place,
}

impl Listing {
    fn file(&mut self, file: &InspectedFile) {
        self.file = file.place.clone();
        self.line(0, &file.place.read_from.display().to_string());
        for item in &file.items {
            self.item(item);
        }
        if let Some(order) = &file.order {
            self.line(1, order_sentence(order));
        }
        for problem in &file.problems {
            let line = problem
                .place
                .line
                .map(|line| format!("line {line}: "))
                .unwrap_or_default();
            self.line(1, &format!("problem: {line}{}", problem.sentence));
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Certificate(item) => {
                self.heading(1, certificate_kind(&item.certificate), &item.place);
                self.certificate(2, item);
            }
            Item::Key(item) => {
                let kind = if item.private {
                    "private key"
                } else {
                    "public key"
                };
                self.heading(1, kind, &item.place);
                self.key(2, item);
            }
            Item::Request(item) => {
                self.heading(1, "certificate request", &item.place);
                self.request(2, item);
            }
            Item::Kubeconfig(kubeconfig) => self.kubeconfig(kubeconfig),
            Item::Other { place, label } => self.heading(1, &format!("{label} (not shown)"), place),
        }
    }

    fn certificate(&mut self, depth: usize, item: &CertificateItem) {
        let certificate = &item.certificate;
        let extensions = certificate.extensions();
        self.field(
            depth,
            "subject",
            &or_empty(certificate.subject().to_string()),
        );
        self.field(depth, "issuer", &or_empty(certificate.issuer().to_string()));
        self.field(depth, "signed by", &self.signer(&item.signed_by));
        self.field(depth, "valid", &self.validity(certificate));
        if let Some(constraints) = extensions
            .basic_constraints
            .filter(|constraints| constraints.ca)
        {
            let path = constraints
                .path_len
                .map(|length| format!(", path length {length}"))
                .unwrap_or_default();
            self.field(depth, "CA", &format!("yes{path}"));
        }
        if let Some(names) = &extensions.subject_alt_names {
            self.field(depth, "names", &names_line(names));
        }
        self.field(depth, "usages", &usages_line(certificate));
        let algorithm = certificate.public_key().algorithm().to_string();
        let held = self.places(&item.keys, ", private key at ");
        self.field(depth, "key", &format!("{algorithm}{held}"));
        self.field(
            depth,
            "signature",
            &SignatureAlgorithm::from_der(certificate.signature_algorithm()).to_string(),
        );
        self.field(depth, "serial", &certificate.serial_hex());
        if let Some(id) = &extensions.subject_key_id {
            self.field(depth, "subject key", &hex(id));
        }
        if let Some(id) = &extensions.authority_key_id {
            self.field(depth, "issuer key", &hex(id));
        }
        self.field(depth, "sha256", &certificate.sha256());
    }

    fn key(&mut self, depth: usize, item: &KeyItem) {
        match &item.key {
            Ok(key) => {
                let form = item
                    .form
                    .map(|form| format!(", {form}"))
                    .unwrap_or_default();
                self.field(depth, "kind", &format!("{}{form}", key.algorithm()));
                let belongs = self.places(&item.belongs_to, "");
                let none = if item.private {
                    "no certificate given"
                } else {
                    "nothing given"
                };
                self.field(
                    depth,
                    "belongs to",
                    if belongs.is_empty() { none } else { &belongs },
                );
                if let Some(ids) = item.ids() {
                    self.key_ids(depth, &ids);
                }
            }
            Err(error) => self.field(depth, "problem", &error.to_string()),
        }
    }

    fn key_ids(&mut self, depth: usize, ids: &KeyIds) {
        self.field(depth, "libtrust", &ids.libtrust);
        if let Some(id) = &ids.rfc7638 {
            self.field(depth, "rfc7638", id);
        }
        self.field(depth, "kubernetes", &ids.kubernetes);
    }

    fn request(&mut self, depth: usize, item: &RequestItem) {
        let request = &item.request;
        self.field(depth, "subject", &or_empty(request.subject.to_string()));
        if !request.sans.is_empty() {
            self.field(depth, "names", &names_line(&request.sans));
        }
        let held = self.places(&item.keys, ", private key at ");
        self.field(
            depth,
            "key",
            &format!("{}{held}", request.public_key.algorithm()),
        );
        if !request.other_extensions.is_empty() {
            self.field(depth, "asks for", &request.other_extensions.join(", "));
        }
    }

    fn kubeconfig(&mut self, kubeconfig: &Kubeconfig) {
        let current = kubeconfig.current_context.as_deref().unwrap_or("none");
        self.line(1, &format!("kubeconfig, current context {current}"));
        for context in &kubeconfig.contexts {
            let mark = if context.current { " (current)" } else { "" };
            let (name, user, cluster) = (&context.name, &context.user, &context.cluster);
            self.line(
                2,
                &format!("context {name}{mark}: user {user} at cluster {cluster}"),
            );
        }
        for cluster in &kubeconfig.clusters {
            self.line(2, &format!("cluster {}", cluster.name));
            self.field(3, "server", &cluster.server);
            if let Some(name) = &cluster.tls_server_name {
                self.field(3, "verified as", name);
            }
            if cluster.insecure_skip_tls_verify {
                self.field(
                    3,
                    "trusts",
                    "whatever the server shows (insecure-skip-tls-verify)",
                );
            }
            if let Some(file) = &cluster.authority_file {
                self.field(3, "trusts", &file.display().to_string());
            }
            self.embedded(&cluster.authorities);
        }
        for user in &kubeconfig.users {
            self.line(2, &format!("user {}", user.name));
            for (name, file) in [
                ("certificate", &user.certificate_file),
                ("key", &user.key_file),
            ] {
                if let Some(file) = file {
                    self.field(3, name, &file.display().to_string());
                }
            }
            if !user.otherwise.is_empty() {
                self.field(3, "shows", &user.otherwise.join(", "));
            }
            self.embedded(&user.certificates);
            for item in &user.keys {
                self.heading(3, "private key", &item.place);
                self.key(4, item);
            }
        }
    }

    fn embedded(&mut self, items: &[CertificateItem]) {
        for item in items {
            self.heading(3, certificate_kind(&item.certificate), &item.place);
            self.certificate(4, item);
        }
    }

    fn signer(&self, signed_by: &SignedBy) -> String {
        match signed_by {
            SignedBy::Itself => "itself".to_owned(),
            SignedBy::Given(place) => self.place(place),
            SignedBy::NamesakeOnly(place) => {
                format!(
                    "another key than that of {}, whose name is the issuer's",
                    self.place(place)
                )
            }
            SignedBy::NotGiven => "not among the given files".to_owned(),
        }
    }

    fn validity(&self, certificate: &Certificate) -> String {
        let (from, to) = (certificate.not_before(), certificate.not_after());
        let left = if self.now < from {
            format!("NOT YET: begins in {}", span(from - self.now))
        } else if self.now > to {
            format!("EXPIRED {} ago", span(self.now - to))
        } else {
            format!("{} left", span(to - self.now))
        };
        format!("{} to {}, {left}", rfc3339(from), rfc3339(to))
    }

    fn places(&self, places: &[Place], before: &str) -> String {
        if places.is_empty() {
            return String::new();
        }
        let list: Vec<String> = places.iter().map(|place| self.place(place)).collect();
        format!("{before}{}", list.join(", "))
    }

    fn place(&self, place: &Place) -> String {
        match place.line {
            Some(line) if place.read_from == self.file.read_from => format!("line {line}"),
            _ => place.to_string(),
        }
    }

    fn heading(&mut self, depth: usize, what: &str, place: &Place) {
        let line = place
            .line
            .map(|line| format!(", line {line}"))
            .unwrap_or_default();
        self.line(depth, &format!("{what}{line}"));
    }

    fn field(&mut self, depth: usize, name: &str, value: &str) {
        self.line(depth, &format!("{name:<12}{value}"));
    }

    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(
            self.text,
            "{:indent$}{}",
            "",
            Printable(text),
            indent = depth * 2
        );
    }
}

fn certificate_kind(certificate: &Certificate) -> &'static str {
    match certificate.extensions().basic_constraints {
        Some(constraints) if constraints.ca => "CA certificate",
        _ => "certificate",
    }
}

fn or_empty(name: String) -> String {
    if name.is_empty() {
        "(empty)".to_owned()
    } else {
        name
    }
}

fn names_line(names: &[GeneralName]) -> String {
    let list: Vec<String> = names
        .iter()
        .map(|name| match name {
            GeneralName::Dns(name) => format!("DNS:{name}"),
            GeneralName::Ip(address) => format!("IP:{address}"),
            GeneralName::Email(mailbox) => format!("email:{mailbox}"),
            GeneralName::Uri(uri) => format!("URI:{uri}"),
            GeneralName::Other(tag) => format!("other name (tag {tag})"),
        })
        .collect();
    list.join(", ")
}

fn usages_line(certificate: &Certificate) -> String {
    let extensions = certificate.extensions();
    let key_usage = extensions.key_usage.map(|usage| usage.to_string());
    let extended = extensions.extended_key_usage.as_ref().map(|usages| {
        let names: Vec<String> = usages.iter().map(ToString::to_string).collect();
        names.join(", ")
    });
    match (key_usage, extended) {
        (Some(usage), Some(extended)) => format!("{usage}; {extended}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "none stated".to_owned(),
    }
}

fn order_sentence(order: &Order) -> &'static str {
    match order {
        Order::Chain => "chain: each certificate is signed by the next",
        Order::Bundle => "bundle: CAs side by side",
        Order::Unordered => {
            "out of order: a server must send its own certificate first, each followed by its signer"
        }
        Order::Mixed => "mixed: not all of these certificates belong to one chain",
    }
}

fn span(duration: Duration) -> String {
    let (count, unit) = match duration {
        long if long >= Duration::days(2) => (long.whole_days(), "day"),
        short if short >= Duration::hours(2) => (short.whole_hours(), "hour"),
        shorter => (shorter.whole_minutes(), "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
