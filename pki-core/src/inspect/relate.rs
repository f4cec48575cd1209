//! What belongs together: who signed whom, and which key is whose.

use crate::inspect::CertificateItem;
use crate::inspect::InspectedFile;
use crate::inspect::Item;
use crate::inspect::KeyItem;
use crate::inspect::Order;
use crate::inspect::SignedBy;
use crate::place::Place;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKey;

/// Fills in every relation between the items of all files.
pub(super) fn relate(files: &mut [InspectedFile]) {
    let given = Given::collect(files);
    for file in files.iter_mut() {
        for item in &mut file.items {
            given.relate(item);
        }
        file.order = order(file);
    }
}

/// Everything that something else can belong to.
struct Given {
    certificates: Vec<(Place, Certificate)>,
    private_keys: Vec<(Place, PublicKey)>,
    /// Certificates and requests, by the key that they are for.
    certified: Vec<(Place, PublicKey)>,
}

impl Given {
    fn collect(files: &[InspectedFile]) -> Self {
        let mut given = Self {
            certificates: Vec::new(),
            private_keys: Vec::new(),
            certified: Vec::new(),
        };
        for item in files.iter().flat_map(|file| &file.items) {
            match item {
                Item::Certificate(item) => given.add_certificate(item),
                Item::Key(item) => given.add_key(item),
                Item::Request(item) => {
                    let key = item.request.public_key.clone();
                    given.certified.push((item.place.clone(), key));
                }
                Item::Kubeconfig(kubeconfig) => {
                    kubeconfig
                        .certificates()
                        .for_each(|item| given.add_certificate(item));
                    kubeconfig.keys().for_each(|item| given.add_key(item));
                }
                Item::Other { .. } => {}
            }
        }
        given
    }

    fn add_certificate(&mut self, item: &CertificateItem) {
        let key = item.certificate.public_key().clone();
        self.certified.push((item.place.clone(), key));
        self.certificates
            .push((item.place.clone(), item.certificate.clone()));
    }

    fn add_key(&mut self, item: &KeyItem) {
        if let (true, Ok(key)) = (item.private, &item.key) {
            self.private_keys.push((item.place.clone(), key.clone()));
        }
    }

    fn relate(&self, item: &mut Item) {
        match item {
            Item::Certificate(item) => self.relate_certificate(item),
            Item::Key(item) => self.relate_key(item),
            Item::Request(item) => item.keys = places(&self.private_keys, &item.request.public_key),
            Item::Kubeconfig(kubeconfig) => {
                kubeconfig
                    .certificates_mut()
                    .for_each(|item| self.relate_certificate(item));
                kubeconfig.keys_mut().for_each(|item| self.relate_key(item));
            }
            Item::Other { .. } => {}
        }
    }

    fn relate_certificate(&self, item: &mut CertificateItem) {
        item.keys = places(&self.private_keys, item.certificate.public_key());
        item.signed_by = self.signer(&item.certificate);
    }

    fn relate_key(&self, item: &mut KeyItem) {
        if let Ok(key) = &item.key {
            item.belongs_to = places(&self.certified, key);
        }
    }

    fn signer(&self, certificate: &Certificate) -> SignedBy {
        if certificate.is_self_issued() && certificate.is_signed_by(certificate.public_key()) {
            return SignedBy::Itself;
        }
        let mut namesakes = self
            .certificates
            .iter()
            .filter(|(_, candidate)| {
                candidate.subject() == certificate.issuer() && candidate != certificate
            })
            .peekable();
        let Some((first, _)) = namesakes.peek() else {
            return SignedBy::NotGiven;
        };
        let namesake = SignedBy::NamesakeOnly(first.clone());
        namesakes
            .find(|(_, candidate)| certificate.is_signed_by(candidate.public_key()))
            .map_or(namesake, |(place, _)| SignedBy::Given(place.clone()))
    }
}

fn places(among: &[(Place, PublicKey)], wanted: &PublicKey) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    for (place, key) in among {
        if key == wanted && !found.contains(place) {
            found.push(place.clone());
        }
    }
    found
}

fn order(file: &InspectedFile) -> Option<Order> {
    let certificates: Vec<&Certificate> = file
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Certificate(item) => Some(&item.certificate),
            _ => None,
        })
        .collect();
    if certificates.len() < 2 {
        return None;
    }
    if certificates
        .iter()
        .zip(certificates.iter().skip(1))
        .all(|(subject, issuer)| signed(subject, issuer))
    {
        return Some(Order::Chain);
    }
    let has_signer =
        |subject: &Certificate| certificates.iter().any(|issuer| signed(subject, issuer));
    let alone = certificates
        .iter()
        .filter(|certificate| !has_signer(certificate))
        .count();
    Some(match alone {
        _ if alone == certificates.len()
            && certificates.iter().all(|certificate| is_ca(certificate)) =>
        {
            Order::Bundle
        }
        // One of them, the root or the last one given, has no signer here.
        0 | 1 => Order::Unordered,
        _ => Order::Mixed,
    })
}

fn signed(subject: &Certificate, issuer: &Certificate) -> bool {
    subject != issuer
        && subject.issuer() == issuer.subject()
        && subject.is_signed_by(issuer.public_key())
}

fn is_ca(certificate: &Certificate) -> bool {
    certificate
        .extensions()
        .basic_constraints
        .is_some_and(|constraints| constraints.ca)
}
