//! `hapki.discover/v1`: the inventory in hapki.yaml's own keys (JSON is YAML, so hapki reads it), and who says what.

use serde::Serialize;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value as Json;

use crate::discover::Discovery;
use crate::discover::Entry;
use crate::discover::Scalar;
use crate::discover::Source;
use crate::discover::Value;
use crate::report::json_text;

/// One JSON object.
pub fn json(discovery: &Discovery) -> String {
    let mut report = Report {
        schema: "hapki.discover/v1",
        inventory: Map::new(),
        sources: Vec::new(),
        missing: Vec::new(),
        remarks: Vec::new(),
    };
    let mut inventory = report.keys("", &discovery.entries);
    inventory.insert("apiVersion".to_owned(), Json::from("hapki.dev/v1"));
    inventory.insert("kind".to_owned(), Json::from("Cluster"));
    report.inventory = inventory;
    json_text(&report)
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    inventory: Map<String, Json>,
    sources: Vec<Sourced>,
    missing: Vec<Missing>,
    remarks: Vec<Remark>,
}

/// One value: `nodes[0].addresses[0]`.
#[derive(Serialize)]
struct Sourced {
    key: String,
    value: String,
    from: Vec<From>,
    against: Vec<Against>,
}

#[derive(Serialize)]
struct From {
    node: String,
    path: String,
    read_from: String,
    line: Option<u32>,
    what: String,
}

#[derive(Serialize)]
struct Against {
    value: String,
    #[serde(flatten)]
    from: From,
}

#[derive(Serialize)]
struct Missing {
    key: String,
    why: String,
}

#[derive(Serialize)]
struct Remark {
    key: String,
    text: String,
}

impl Report {
    fn keys(&mut self, above: &str, entries: &[Entry]) -> Map<String, Json> {
        let mut keys = Map::new();
        let below = |key: &str| match above {
            "" => key.to_owned(),
            above => format!("{above}.{key}"),
        };
        for entry in entries {
            match entry {
                Entry::Key(key, value) => {
                    let value = self.value(&below(key), value);
                    keys.insert((*key).to_owned(), value);
                }
                Entry::Missing { key, why, .. } => self.missing.push(Missing {
                    key: below(key),
                    why: why.clone(),
                }),
                Entry::Remark(text) => self.remarks.push(Remark {
                    key: above.to_owned(),
                    text: text.clone(),
                }),
            }
        }
        keys
    }

    fn value(&mut self, key: &str, value: &Value) -> Json {
        match value {
            Value::One(scalar) => self.scalar(key.to_owned(), scalar),
            Value::List(scalars) => {
                let values = (0..).zip(scalars);
                values
                    .map(|(index, scalar)| self.scalar(format!("{key}[{index}]"), scalar))
                    .collect()
            }
            Value::Keys(entries) => Json::Object(self.keys(key, entries)),
            Value::Items(items) => {
                let items = (0..).zip(items);
                items
                    .map(|(index, item)| Json::Object(self.keys(&format!("{key}[{index}]"), item)))
                    .collect()
            }
        }
    }

    fn scalar(&mut self, key: String, scalar: &Scalar) -> Json {
        let against = scalar.against.iter().map(|(value, source)| Against {
            value: value.clone(),
            from: from(source),
        });
        self.sources.push(Sourced {
            key,
            value: scalar.text.clone(),
            from: scalar.sources.iter().map(from).collect(),
            against: against.collect(),
        });
        let number = scalar.is_number.then(|| scalar.text.parse::<u16>().ok());
        match number.flatten() {
            Some(number) => Json::Number(Number::from(number)),
            None => Json::from(scalar.text.as_str()),
        }
    }
}

fn from(source: &Source) -> From {
    let place = &source.place;
    From {
        node: place.node.clone(),
        path: place.path.display().to_string(),
        read_from: place.read_from.display().to_string(),
        line: place.line,
        what: source.what.clone(),
    }
}
