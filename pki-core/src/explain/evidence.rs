//! What a line tells besides what kind of fault it is.

use std::collections::BTreeMap;

/// Something that a line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The names in the certificate, of the kind that was asked for.
    Presented,
    /// How many there are, where they are too many to be listed.
    Count,
    /// The name or address that was dialled.
    Wanted,
    /// The certificate's common name.
    CommonName,
    /// The clock of whoever judged.
    Now,
    /// The date that is past, or yet to come.
    Limit,
    /// The authority that was tried.
    Candidate,
    /// Why, in the program's words.
    Reason,
    /// The serial number, decimal.
    Serial,
    /// A key id.
    Kid,
    /// The user that the server knows the client as.
    User,
    /// What the user wanted to do.
    Verb,
    /// To what.
    Resource,
    /// A file.
    File,
    /// A certificate, by kubeadm's name for it.
    Certificate,
    /// An authority, by kubeadm's name for it.
    Authority,
    /// Who issued a token.
    Issuer,
    /// Whom a token is meant for.
    Audience,
}

/// What a line tells, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Evidence(BTreeMap<Field, String>);

impl Evidence {
    /// The text of a field.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    /// The names in the certificate, one by one.
    pub fn presented(&self) -> Vec<&str> {
        let list = self.get(Field::Presented).unwrap_or_default();
        list.split([',', ' ', '"'])
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// Every field that the line told.
    pub fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, text)| (*field, text.as_str()))
    }

    /// Whether two lines can be about one fault: in everything that both tell, and that does not change from one request
    /// to the next, they agree.
    pub fn agrees_with(&self, other: &Self) -> bool {
        Field::LASTING
            .iter()
            .all(|field| match (self.get(*field), other.get(*field)) {
                (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
                _ => true,
            })
            && self.is_about_file_of(other)
    }

    /// In how many things two lines agree.
    pub fn in_common(&self, other: &Self) -> usize {
        Field::LASTING
            .iter()
            .filter(|field| self.get(**field).is_some() && self.get(**field) == other.get(**field))
            .count()
    }

    /// A file has another path in a container or in a copy, but not another name.
    fn is_about_file_of(&self, other: &Self) -> bool {
        match (self.get(Field::File), other.get(Field::File)) {
            (Some(one), Some(two)) => one.rsplit('/').next() == two.rsplit('/').next(),
            _ => true,
        }
    }

    /// The same without what changes from one request to the next.
    pub(super) fn lasting(&self) -> Self {
        let mut lasting = self.0.clone();
        lasting.remove(&Field::Now);
        Self(lasting)
    }

    pub(super) fn set(&mut self, field: Field, text: &str) {
        self.0.insert(field, text.trim().to_owned());
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (field, text) in &other.0 {
            self.0.entry(*field).or_insert_with(|| text.clone());
        }
    }
}

impl Field {
    /// Its name in JSON and in the wordings' gaps.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(field, _)| *field == self);
        named.map_or("", |(_, name)| name)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(_, known)| *known == name);
        named.map(|(field, _)| *field)
    }

    /// What stays the same when the same fault is printed again, by whomever.
    const LASTING: &'static [Self] = &[
        Self::Presented,
        Self::Count,
        Self::Wanted,
        Self::Limit,
        Self::Candidate,
        Self::Kid,
        Self::User,
        Self::Issuer,
        Self::Audience,
    ];
}

const NAMES: &[(Field, &str)] = &[
    (Field::Presented, "presented"),
    (Field::Count, "count"),
    (Field::Wanted, "wanted"),
    (Field::CommonName, "common_name"),
    (Field::Now, "now"),
    (Field::Limit, "limit"),
    (Field::Candidate, "candidate"),
    (Field::Reason, "reason"),
    (Field::Serial, "serial"),
    (Field::Kid, "kid"),
    (Field::User, "user"),
    (Field::Verb, "verb"),
    (Field::Resource, "resource"),
    (Field::File, "file"),
    (Field::Certificate, "certificate"),
    (Field::Authority, "authority"),
    (Field::Issuer, "issuer"),
    (Field::Audience, "audience"),
];
