//! `hapki.inspect/v1`.

use serde_json::Value;
use serde_json::json;
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
use crate::report::json_text;
use crate::report::rfc3339;
use crate::x509::certificate::GeneralName;
use crate::x509::hex;
use crate::x509::signature::SignatureAlgorithm;

/// One JSON object and a newline. `days_left` is counted from `now` and negative for what has expired.
pub fn json(inspection: &Inspection, now: OffsetDateTime) -> String {
    let files: Vec<Value> = inspection
        .files
        .iter()
        .map(|file| file_value(file, now))
        .collect();
    let value = json!({ "schema": "hapki.inspect/v1", "at": rfc3339(now), "files": files });
    json_text(&value)
}

fn file_value(file: &InspectedFile, now: OffsetDateTime) -> Value {
    let items: Vec<Value> = file
        .items
        .iter()
        .map(|item| item_value(item, now))
        .collect();
    let problems: Vec<Value> = file
        .problems
        .iter()
        .map(|problem| json!({ "line": problem.place.line, "message": problem.sentence }))
        .collect();
    json!({
        "path": file.place.read_from.display().to_string(),
        "items": items,
        "order": file.order.as_ref().map(|order| match order {
            Order::Chain => "chain",
            Order::Bundle => "bundle",
            Order::Unordered => "unordered",
            Order::Mixed => "mixed",
        }),
        "problems": problems,
    })
}

fn item_value(item: &Item, now: OffsetDateTime) -> Value {
    match item {
        Item::Certificate(item) => certificate(item, now),
        Item::Key(item) => key(item),
        Item::Request(item) => request(item),
        Item::Kubeconfig(item) => kubeconfig(item, now),
        Item::Other { place, label } => {
            json!({ "kind": "other", "line": place.line, "label": label })
        }
    }
}

fn certificate(item: &CertificateItem, now: OffsetDateTime) -> Value {
    let certificate = &item.certificate;
    let extensions = certificate.extensions();
    let constraints = extensions.basic_constraints;
    let (signer, signature_holds) = match &item.signed_by {
        SignedBy::Itself => (Some(place(&item.place)), Some(true)),
        SignedBy::Given(signer) => (Some(place(signer)), Some(true)),
        SignedBy::NamesakeOnly(signer) => (Some(place(signer)), Some(false)),
        SignedBy::NotGiven => (None, None),
    };
    json!({
        "kind": "certificate",
        "line": item.place.line,
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial_hex(),
        "not_before": rfc3339(certificate.not_before()),
        "not_after": rfc3339(certificate.not_after()),
        "days_left": (certificate.not_after() - now).whole_days(),
        "sans": sans(extensions.subject_alt_names.as_deref().unwrap_or_default()),
        "key": certificate.public_key().algorithm().to_string(),
        "key_usage": extensions.key_usage.map(|usage| usage.names().collect::<Vec<_>>()),
        "extended_key_usage": extensions
            .extended_key_usage
            .as_ref()
            .map(|usages| usages.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "ca": constraints.is_some_and(|constraints| constraints.ca),
        "path_len": constraints.and_then(|constraints| constraints.path_len),
        "self_signed": item.signed_by == SignedBy::Itself,
        "issuer_certificate": signer,
        "issuer_signed_it": signature_holds,
        "signature_algorithm": SignatureAlgorithm::from_der(certificate.signature_algorithm()).to_string(),
        "subject_key_id": extensions.subject_key_id.as_deref().map(hex),
        "authority_key_id": extensions.authority_key_id.as_deref().map(hex),
        "unhandled_critical": extensions.unhandled_critical,
        "sha256": certificate.sha256(),
        "private_keys": places(&item.keys),
    })
}

fn key(item: &KeyItem) -> Value {
    json!({
        "kind": if item.private { "private_key" } else { "public_key" },
        "line": item.place.line,
        "form": item.form,
        "key": item.key.as_ref().ok().map(|key| key.algorithm().to_string()),
        "problem": item.key.as_ref().err().map(ToString::to_string),
        "key_ids": item.ids().as_ref().map(key_ids),
        "belongs_to": places(&item.belongs_to),
    })
}

fn key_ids(ids: &KeyIds) -> Value {
    json!({ "libtrust": ids.libtrust, "rfc7638": ids.rfc7638, "kubernetes": ids.kubernetes })
}

fn request(item: &RequestItem) -> Value {
    let request = &item.request;
    json!({
        "kind": "certificate_request",
        "line": item.place.line,
        "subject": request.subject.to_string(),
        "sans": sans(&request.sans),
        "key": request.public_key.algorithm().to_string(),
        "other_extensions": request.other_extensions,
        "private_keys": places(&item.keys),
    })
}

fn kubeconfig(kubeconfig: &Kubeconfig, now: OffsetDateTime) -> Value {
    let certificates = |items: &[CertificateItem]| {
        items
            .iter()
            .map(|item| certificate(item, now))
            .collect::<Vec<_>>()
    };
    let clusters = kubeconfig.clusters.iter().map(|cluster| {
        json!({
            "name": cluster.name,
            "server": cluster.server,
            "tls_server_name": cluster.tls_server_name,
            "insecure_skip_tls_verify": cluster.insecure_skip_tls_verify,
            "certificate_authority": cluster.authority_file,
            "certificate_authorities": certificates(&cluster.authorities),
        })
    });
    let users = kubeconfig.users.iter().map(|user| {
        json!({
            "name": user.name,
            "client_certificate": user.certificate_file,
            "client_key": user.key_file,
            "certificates": certificates(&user.certificates),
            "keys": user.keys.iter().map(key).collect::<Vec<_>>(),
            "otherwise": user.otherwise,
        })
    });
    let contexts = kubeconfig.contexts.iter().map(|context| {
        json!({ "name": context.name, "cluster": context.cluster, "user": context.user, "current": context.current })
    });
    json!({
        "kind": "kubeconfig",
        "current_context": kubeconfig.current_context,
        "clusters": clusters.collect::<Vec<_>>(),
        "users": users.collect::<Vec<_>>(),
        "contexts": contexts.collect::<Vec<_>>(),
    })
}

/// The names by kind; what is neither of the two that Kubernetes looks at stands under `other`.
fn sans(names: &[GeneralName]) -> Value {
    let (mut dns, mut ip, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        match name {
            GeneralName::Dns(name) => dns.push(name.clone()),
            GeneralName::Ip(address) => ip.push(address.to_string()),
            GeneralName::Email(mailbox) => other.push(format!("email:{mailbox}")),
            GeneralName::Uri(uri) => other.push(format!("uri:{uri}")),
            GeneralName::Other(tag) => other.push(format!("tag:{tag}")),
        }
    }
    json!({ "dns": dns, "ip": ip, "other": other })
}

fn places(list: &[Place]) -> Vec<Value> {
    list.iter().map(place).collect()
}

fn place(place: &Place) -> Value {
    json!({ "path": place.read_from.display().to_string(), "line": place.line })
}
