//! Service-account tokens: signed on one node, carried anywhere, verified on every other.

use crate::facts::certificate_files::PemFile;
use crate::place::Place;
use crate::token::key_id;
use crate::topology::connect::Connector;
use crate::topology::edge::CarriedToken;
use crate::topology::edge::Circumstances;
use crate::topology::edge::Edge;
use crate::topology::edge::EdgeKind;
use crate::topology::edge::Shown;
use crate::topology::edge::Token;
use crate::topology::edge::TokenKey;
use crate::topology::edge::Trust;
use crate::topology::node::Apiserver;
use crate::topology::node::Node;
use crate::topology::tokens::ApiserverKeys;
use crate::topology::tokens::KeysFile;
use crate::topology::tokens::TokenVerifier;
use crate::topology::tokens::VerifierKind;
use crate::topology::view::Told;
use crate::topology::view::View;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// A key that tokens are signed with on a node.
struct Signer<'a> {
    view: &'a View<'a>,
    told_at: Place,
    key: TokenKey,
    issuer: Option<String>,
}

/// What an apiserver verifies tokens with.
struct Verifier<'a> {
    view: &'a View<'a>,
    place: Place,
    keys: Vec<TokenKey>,
    issuers: Vec<String>,
    issuers_at: Place,
}

impl Connector<'_> {
    pub(super) fn service_accounts(&mut self) {
        let verifiers: Vec<Verifier<'_>> = self
            .machines()
            .filter_map(|(view, node)| verifier(view, node))
            .collect();
        for (view, _) in self.machines() {
            for signer in signers(view) {
                for verifier in &verifiers {
                    self.token(&signer, verifier);
                }
            }
        }
        let apiservers: Vec<TokenVerifier> = self
            .machines()
            .filter_map(|(view, node)| Some(apiserver(view, node.apiserver.as_ref()?)))
            .collect();
        self.token_verifiers.extend(apiservers);
    }

    fn token(&mut self, signer: &Signer<'_>, verifier: &Verifier<'_>) {
        self.edges.push(Edge {
            id: format!("e{}", self.edges.len() + 1),
            kind: EdgeKind::Token,
            client: signer.view.component("service-account"),
            server: verifier.view.component("kube-apiserver"),
            dials: None,
            name: None,
            asks_for: None,
            unverified: None,
            via: None,
            told_at: signer.told_at.clone(),
            shown: Shown {
                place: signer.key.place.clone(),
                chain: Vec::new(),
            },
            trusts: Trust {
                place: verifier.place.clone(),
                roots: Vec::new(),
            },
            client_shows: None,
            source: None,
            token: Some(CarriedToken::ServiceAccount(Box::new(Token {
                signer: signer.key.clone(),
                issuer: signer.issuer.clone(),
                verifiers: verifier.keys.clone(),
                issuers: verifier.issuers.clone(),
                issuers_at: verifier.issuers_at.clone(),
            }))),
            allowed_names: None,
            client_takes: None,
            circumstances: Circumstances::default(),
        });
    }
}

/// The apiserver signs what the TokenRequest API hands out, the controller-manager what lies in Secrets. Where both use
/// one key, which is kubeadm's way, one edge tells it.
fn signers<'a>(view: &'a View<'a>) -> Vec<Signer<'a>> {
    let issuer = issuers(view).into_iter().next();
    let told = [
        (
            view.told(
                "kube-apiserver",
                "service-account-signing-key-file",
                "sa.key",
            ),
            issuer,
        ),
        // The issuer of these tokens, kubernetes/serviceaccount, is accepted by every apiserver.
        (
            view.told(
                "kube-controller-manager",
                "service-account-private-key-file",
                "sa.key",
            ),
            None,
        ),
    ];
    let mut signers: Vec<Signer<'a>> = Vec::new();
    for (told, issuer) in told {
        let Some(Told { file, told_at }) = told else {
            continue;
        };
        let keys = view.facts.file(&file.path).map(|pem| &pem.keys);
        let Some((_, Ok(key))) = keys.and_then(|keys| keys.first()) else {
            continue;
        };
        if !signers.iter().any(|signer| signer.key.key == *key) {
            signers.push(Signer {
                view,
                told_at,
                key: token_key(file, key),
                issuer,
            });
        }
    }
    signers
}

fn verifier<'a>(view: &'a View<'a>, node: &Node) -> Option<Verifier<'a>> {
    node.apiserver.as_ref()?;
    let files = verifier_files(view);
    let keys: Vec<TokenKey> = files
        .iter()
        .filter_map(|place| view.facts.file(&place.path).map(|pem| (place, pem)))
        .flat_map(|(place, pem)| public_keys(pem).map(move |key| token_key(place.clone(), key)))
        .collect();
    let place = files.into_iter().next()?;
    let issuers_at = view.flag_place("kube-apiserver", "service-account-issuer");
    (!keys.is_empty()).then(|| Verifier {
        view,
        issuers: issuers(view),
        issuers_at: issuers_at.unwrap_or_else(|| place.clone()),
        keys,
        place,
    })
}

/// What an apiserver was told to verify with, whatever of it can be used.
fn apiserver(view: &View<'_>, told: &Apiserver) -> TokenVerifier {
    let process = view.facts.process("kube-apiserver");
    let is_told = process.is_some_and(|process| {
        let flag = process.flag("service-account-key-file");
        flag.is_some_and(|flag| !flag.value.is_empty())
    });
    let issuers_at = view.flag_place("kube-apiserver", "service-account-issuer");
    TokenVerifier {
        component: view.component("kube-apiserver"),
        container: None,
        host: None,
        registry: SERVICE_ACCOUNTS,
        kind: VerifierKind::Apiserver(ApiserverKeys {
            files: verifier_files(view)
                .into_iter()
                .map(|place| keys_file(view, place))
                .collect(),
            issuers: issuers(view),
            issuers_at: issuers_at.unwrap_or_else(|| told.place.clone()),
            from_serving_key: process.is_some() && !is_told,
        }),
        told_at: told.place.clone(),
    }
}

fn keys_file(view: &View<'_>, place: Place) -> KeysFile {
    let file = view.facts.file(&place.path);
    let all = file.into_iter().flat_map(public_keys);
    let (keys, others): (Vec<_>, Vec<_>) = all.partition(|key| is_read(key));
    let others = others
        .into_iter()
        .map(|key| format!("a key of {}", key.algorithm()));
    let pkcs1 = file.map_or(0, |file| file.pkcs1_public_keys);
    let pkcs1 = (0..pkcs1).map(|_| "a public key in PKCS#1, `RSA PUBLIC KEY`".to_owned());
    KeysFile {
        status: file.map(|file| file.status).unwrap_or_default(),
        is_there: file.is_some(),
        keys: keys
            .into_iter()
            .map(|key| token_key(place.clone(), key))
            .collect(),
        skipped: others.chain(pkcs1).collect(),
        place,
    }
}

/// RSA and ECDSA; others are passed by (k8s.io/client-go/util/keyutil, `ParsePublicKeysPEM`).
fn is_read(key: &PublicKey) -> bool {
    !matches!(
        key.algorithm(),
        PublicKeyAlgorithm::Ed25519 | PublicKeyAlgorithm::Other(_)
    )
}

/// `--service-account-key-file`, as often as it is given; without it, the serving key
/// (cmd/kube-apiserver/app/options/completion.go).
fn verifier_files(view: &View<'_>) -> Vec<Place> {
    let Some(process) = view.facts.process("kube-apiserver") else {
        return view.by_layout("sa.pub").into_iter().collect();
    };
    let told: Vec<Place> = process
        .flags
        .iter()
        .filter(|flag| flag.name == "service-account-key-file" && !flag.value.is_empty())
        .map(|flag| view.path(&process.on_node(&flag.value)))
        .collect();
    if told.is_empty() {
        return view
            .flag_file(process, "tls-private-key-file")
            .into_iter()
            .collect();
    }
    told
}

/// Private keys, public keys and certificates all serve (k8s.io/client-go/util/keyutil, `ParsePublicKeysPEM`).
pub(in crate::topology) fn public_keys(pem: &PemFile) -> impl Iterator<Item = &PublicKey> {
    let private = pem.keys.iter().filter_map(|(_, key)| key.as_ref().ok());
    let public = pem.public_keys.iter().map(|(_, key)| key);
    let certified = pem
        .certificates
        .iter()
        .map(|(_, certificate)| certificate.public_key());
    private.chain(public).chain(certified)
}

/// `--service-account-issuer`: the first is written into tokens, all are accepted.
fn issuers(view: &View<'_>) -> Vec<String> {
    let process = view.facts.process("kube-apiserver");
    let flags = process.into_iter().flat_map(|process| &process.flags);
    flags
        .filter(|flag| flag.name == "service-account-issuer" && !flag.value.is_empty())
        .map(|flag| flag.value.clone())
        .collect()
}

fn token_key(place: Place, key: &PublicKey) -> TokenKey {
    TokenKey {
        place,
        kid: key_id::kubernetes(key),
        key: key.clone(),
    }
}

/// What stands in for a registry's number where none is verified for.
const SERVICE_ACCOUNTS: usize = usize::MAX;
