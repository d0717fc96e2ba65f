//! Declared parameters as documentation: text for a terminal, Markdown for the reference, JSON Schema.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::{Declared, Family, Plugin, Presence, TableSpec};

impl<T: ?Sized> Family<T> {
    /// What may stand in the slot, in words.
    pub fn form(&self) -> String {
        let kinds: Vec<&str> = self.plugins.iter().map(|plugin| plugin.kind).collect();
        format!("{} table: {}", self.name, kinds.join(", "))
    }

    /// JSON Schema of the slot: a table of one of the kinds. Where scripts may add kinds, any other is one of theirs,
    /// with parameters that only the script knows.
    pub fn schema(&self) -> Json {
        let mut kinds: Vec<Json> = self.plugins.iter().map(|plugin| plugin.schema()).collect();
        if self.scripted.is_some() {
            let built_in: Vec<&str> = self.plugins.iter().map(|plugin| plugin.kind).collect();
            kinds.push(json!({
                "type": "object",
                "description": format!("A {} by file: the script of its name in a plugin folder.", self.name),
                "properties": { "kind": { "type": "string", "not": { "enum": built_in } } },
                "required": ["kind"],
            }));
        }
        json!({ "anyOf": kinds })
    }
}

impl<T: ?Sized> Plugin<T> {
    pub fn schema(&self) -> Json {
        let mut schema = self.table.schema();
        schema["description"] = json!(self.about);
        schema["properties"]["kind"] = json!({ "const": self.kind });
        if let Some(required) = schema["required"].as_array_mut() {
            required.insert(0, json!("kind"));
        }
        schema
    }

    pub fn sheet(&self) -> Sheet<'_> {
        Sheet {
            kind: self.kind,
            about: self.about,
            params: self.table.params.to_vec(),
            rules: self.table.rules(),
            example: self.example,
        }
    }
}

/// What there is to say about one plugin, whether built in or a script.
pub struct Sheet<'a> {
    pub kind: &'a str,
    pub about: &'a str,
    pub params: Vec<&'a dyn Declared>,
    /// Which parameters exclude one another, in sentences.
    pub rules: Vec<String>,
    /// A slot table that works as it stands.
    pub example: &'a str,
}

impl Sheet<'_> {
    /// A page for a terminal.
    pub fn text(&self) -> String {
        let mut out = format!("{}: {}\n", self.kind, self.about);
        for param in &self.params {
            let _ = writeln!(out, "\n  {}  ({})", param.name(), facts(*param));
            if !param.about().is_empty() {
                let _ = writeln!(out, "      {}", param.about());
            }
        }
        out.push_str(&self.rules.iter().map(|rule| format!("\n  {rule}\n")).collect::<String>());
        let _ = write!(out, "\nexample:\n  {}\n", self.example);
        out
    }

    /// A section of the reference page.
    pub fn markdown(&self) -> String {
        let mut out = format!("### `{}`\n\n{}\n\n", self.kind, self.about);
        out.push_str(&markdown(&self.params, &self.rules));
        let _ = write!(out, "```toml\n{}\n```\n\n", self.example);
        out
    }

    /// For `plugins --json`.
    pub fn json(&self) -> Json {
        let params: Vec<Json> = self.params.iter().map(|param| param_json(*param)).collect();
        json!({ "kind": self.kind, "about": self.about, "params": params, "example": self.example })
    }
}

impl TableSpec {
    pub fn schema(&self) -> Json {
        let mut properties = Map::new();
        for param in self.params {
            let mut schema = param.schema();
            let unit = if param.unit().is_empty() { String::new() } else { format!(" [{}]", param.unit()) };
            schema["description"] = json!(format!("{}{unit}", param.about()));
            if let Presence::Default(toml) = param.presence()
                && let Ok(value) = serde_json::from_str::<Json>(toml)
            {
                schema["default"] = value;
            }
            properties.insert(param.name().to_string(), schema);
        }
        let required: Vec<&str> =
            self.params.iter().filter(|p| p.presence() == Presence::Required).map(|p| p.name()).collect();
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        let rules: Vec<Json> = self
            .one_of
            .iter()
            .map(|choice| {
                let mut cases: Vec<Json> =
                    choice.names.iter().map(|name| json!({ "required": [name] })).collect();
                if !choice.required {
                    let none: Vec<Json> = cases.clone();
                    cases.push(json!({ "not": { "anyOf": none } }));
                }
                json!({ "oneOf": cases })
            })
            .collect();
        if !rules.is_empty() {
            schema["allOf"] = json!(rules);
        }
        schema
    }

    /// Which parameters exclude one another, in sentences.
    fn rules(&self) -> Vec<String> {
        self.one_of
            .iter()
            .map(|choice| {
                let names = choice.names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                let quantity = if choice.required { "Exactly one" } else { "At most one" };
                format!("{quantity} of {names}.")
            })
            .collect()
    }

    /// A table of the parameters, and the rules between them.
    pub fn markdown(&self) -> String {
        markdown(self.params, &self.rules())
    }
}

fn markdown(params: &[&dyn Declared], rules: &[String]) -> String {
    if params.is_empty() {
        return String::new();
    }
    let mut out = String::from("| parameter | value | default | meaning |\n| --- | --- | --- | --- |\n");
    for param in params {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            param.name(),
            cell(&value_in_words(*param)),
            cell(&default_in_words(*param)),
            cell(param.about()),
        );
    }
    out.push('\n');
    for rule in rules {
        let _ = write!(out, "{rule}\n\n");
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn value_in_words(param: &dyn Declared) -> String {
    let mut words = param.form();
    for more in [param.range().describe(), param.unit().to_string()] {
        if !more.is_empty() {
            words = format!("{words}; {more}");
        }
    }
    words
}

fn default_in_words(param: &dyn Declared) -> String {
    match param.presence() {
        Presence::Required => "required".into(),
        Presence::Optional => "absent".into(),
        Presence::Default(toml) => format!("`{toml}`"),
        Presence::Otherwise(what) => what.into(),
    }
}

fn facts(param: &dyn Declared) -> String {
    let default = match param.presence() {
        Presence::Required => "required".into(),
        Presence::Optional => "optional".into(),
        Presence::Default(toml) => format!("default {toml}"),
        Presence::Otherwise(what) => format!("default: {what}"),
    };
    format!("{}; {default}", value_in_words(param))
}

fn param_json(param: &dyn Declared) -> Json {
    let range = param.range();
    json!({
        "name": param.name(),
        "about": param.about(),
        "form": param.form(),
        "unit": param.unit(),
        "range": range.describe(),
        "required": param.presence() == Presence::Required,
        "default": match param.presence() {
            Presence::Default(toml) => json!(toml),
            Presence::Otherwise(what) => json!(what),
            _ => Json::Null,
        },
    })
}
