//! Scripts of strangers that want to hang the program, exhaust its memory, crash it, reach outside or make its results
//! depend on chance. Each gets its message and its exit code within the limits, and leaves nothing behind.
//!
//! The scripts stand in `lua_attacks/*.lua`, each below a line
//!
//! ```text
//! --- what: name => exit code|another: words that the message holds|or these; and these
//! ```
//!
//! `what` is a whole `script` or `profile`, or the body of a function `generate`, `radial` or `intensity`. Files
//! beside the script stand below it, each under a line `--- file name`.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::program::{Bench, Outcome, pipe};

const ATTACKS: [&str; 7] = [
    include_str!("lua_attacks/loops.lua"),
    include_str!("lua_attacks/strings.lua"),
    include_str!("lua_attacks/tables.lua"),
    include_str!("lua_attacks/memory.lua"),
    include_str!("lua_attacks/results.lua"),
    include_str!("lua_attacks/errors.lua"),
    include_str!("lua_attacks/escapes.lua"),
];

const LIMITS: [&str; 4] = ["--lua-steps", "2000000", "--lua-memory", "16MiB"];

/// Twice the memory of a script, and what the program needs besides, which is mapped but hardly used.
#[cfg(target_os = "linux")]
const MOST_ADDRESSES: u64 = 600 << 20;

/// The clock behind these limits ends a script after 2.24 s and a grace of 0.7 s; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(12);

/// What the script is for in its scene.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Generator,
    Profile,
}

struct Attack {
    name: String,
    part: Part,
    /// The script, called attack.lua, and the files beside it.
    files: Vec<(String, Vec<u8>)>,
    codes: Vec<i32>,
    /// Of each list one is in the message.
    words: Vec<Vec<String>>,
}

impl Attack {
    fn new(name: &str, part: Part, script: impl AsRef<[u8]>, codes: &[i32], words: &[&str]) -> Attack {
        Attack {
            name: name.to_string(),
            part,
            files: vec![("attack.lua".to_string(), script.as_ref().to_vec())],
            codes: codes.to_vec(),
            words: words.iter().map(|word| vec![word.to_string()]).collect(),
        }
    }

    /// Reads an attack from its text, which begins behind the first dashes.
    fn parse(text: &str) -> Attack {
        let (title, script) = text.split_once('\n').expect("a line with its title");
        let (name, verdict) = title.split_once(" => ").expect("what is to come of it");
        let (codes, words) = verdict.split_once(':').unwrap_or((verdict, ""));
        let mut parts = script.split("--- file ");
        let body = parts.next().unwrap_or_default();
        let around = |arguments: &str, function: &str, rest: &str| {
            format!("return {{ {rest}{function} = function({arguments}) {body}\nend }}")
        };
        let what = name.split(':').next().unwrap_or_default();
        let (part, script) = match what {
            "generate" => (Part::Generator, around("p, scene", what, "")),
            "script" => (Part::Generator, body.to_string()),
            "radial" => (Part::Profile, around("p, r", what, "support = 3, ")),
            "intensity" => (Part::Profile, around("p, dx, dy, dz", what, "support = 3, ")),
            "profile" => (Part::Profile, body.to_string()),
            other => panic!("an attack on `{other}`"),
        };
        let codes: Vec<i32> = codes.split('|').map(|code| code.parse().expect("an exit code")).collect();
        let mut attack = Attack::new(name, part, script, &codes, &[]);
        for beside in parts {
            let (name, text) = beside.split_once('\n').expect("a name of a file");
            attack.files.push((name.to_string(), text.into()));
        }
        let words = words.split(';').map(str::trim).filter(|words| !words.is_empty());
        attack.words = words.map(|words| words.split('|').map(str::to_string).collect()).collect();
        attack
    }

    fn scene(&self) -> String {
        let script = "{ kind = \"lua\", script = \"attack.lua\" }";
        let (generator, profile) = match self.part {
            Part::Generator => (script, "{ kind = \"gaussian\", sigma = 1.5 }"),
            Part::Profile => ("{ kind = \"points\", points = [{ x = 8, y = 8, z = 8 }] }", script),
        };
        format!(
            "[grid]\nshape = 16\n[spots.a]\ngenerator = {generator}\nprofile = {profile}\namplitude = 10\n"
        )
    }

    fn bench(&self) -> Bench {
        let bench = Bench::new();
        for (name, text) in &self.files {
            bench.write(name, text);
        }
        bench.write("s.toml", self.scene());
        bench
    }

    /// What is not as it should be.
    fn judge(&self) -> Option<String> {
        let bench = self.bench();
        let before = bench.files();
        let begin = Instant::now();
        let outcome = limited(&bench, &["run", "s.toml"]);
        let took = begin.elapsed();
        let Outcome { code, out, err } = &outcome;
        let mut wrong = String::new();
        if !code.is_some_and(|code| self.codes.contains(&code)) {
            wrong += &format!("exit code {code:?}, not {:?}\n", self.codes);
        }
        for words in &self.words {
            // On a busy machine the clock may come first.
            let said = |word: &String| {
                err.contains(word) || word == "took more than" && err.contains("ran for too long")
            };
            if *code != Some(0) && !words.iter().any(said) {
                wrong += &format!("the message lacks {words:?}\n");
            }
        }
        if *code != Some(0) && err.is_empty() {
            wrong += "it said nothing\n";
        }
        if *code != Some(0) && bench.files() != before {
            wrong += &format!("it left {:?}\n", bench.files().difference(&before).collect::<Vec<_>>());
        }
        if err.contains('\u{1b}') || out.contains('\u{1b}') {
            wrong += "an escape sequence got out\n";
        }
        if err.contains("defect") || err.contains("panicked") {
            wrong += "it panicked\n";
        }
        if took > PATIENCE {
            wrong += &format!("it took {took:?}\n");
        }
        let err: String = err.chars().take(1000).collect();
        (!wrong.is_empty()).then(|| format!("=== {}\n{wrong}--- it said:\n{err}", self.name))
    }
}

/// Runs the program with little for scripts, and with no more memory than they may make it use.
fn limited(bench: &Bench, arguments: &[&str]) -> Outcome {
    let arguments: Vec<&str> = arguments.iter().chain(&LIMITS).copied().collect();
    bench.run_with(&arguments, |command| {
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::process::CommandExt;
            let limit = || {
                let limit = libc::rlimit { rlim_cur: MOST_ADDRESSES, rlim_max: MOST_ADDRESSES };
                // SAFETY: the structure is complete.
                match unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) } {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            };
            // SAFETY: a single system call.
            unsafe { command.pre_exec(limit) };
        }
        command
    })
}

fn judge_all(attacks: &[Attack]) {
    let wrong: Vec<String> = attacks.par_iter().filter_map(Attack::judge).collect();
    assert!(wrong.is_empty(), "{} of {} attacks:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

#[test]
fn lua_attacks_are_stopped() {
    let mut attacks = Vec::new();
    for text in ATTACKS {
        let mut attack = String::new();
        for line in text.split_inclusive('\n') {
            let title = line.strip_prefix("--- ").filter(|title| !title.starts_with("file "));
            match title {
                Some(title) => {
                    attacks.extend((!attack.is_empty()).then(|| Attack::parse(&attack)));
                    attack = title.to_string();
                }
                None => attack += line,
            }
        }
        attacks.push(Attack::parse(&attack));
    }
    assert!(attacks.len() > 300);
    judge_all(&attacks);
}

#[test]
fn lua_sources_that_are_none_are_refused() {
    let empty = "return { generate = function() end }";
    let nested = |before: &str, n: usize, after: &str| before.repeat(n) + "1" + &after.repeat(n);
    let long = format!("{empty}\n--{}", "x".repeat(262_144 - empty.len() - 3));
    assert_eq!(long.len(), 256 << 10);
    let numbers: String = (0..30_000).map(|i| format!("x={i}\n")).collect();
    let harmless =
        |name, script: String| Attack::new(name, Part::Generator, script, &[0, 2], &["attack.lua"]);
    let refused = |name, script: String, word| Attack::new(name, Part::Generator, script, &[2], &[word]);
    let bytes = |name, script: &[u8], word| Attack::new(name, Part::Generator, script, &[2], &[word]);
    judge_all(&[
        bytes("an empty file", b"", "must return a table"),
        bytes("a zero byte", b"return {}\0while true do end", "zero byte"),
        bytes("not UTF-8", b"return { '\xff' }", "UTF-8"),
        bytes("UTF-16", b"\xff\xfer\0e\0t\0", "attack.lua"),
        bytes("bytecode of Lua", b"\x1bLua\x51\x01\x04\x08", "attack.lua"),
        bytes("bytecode of Luau", b"\x06\x03\x01\x02\x03\x04", "attack.lua"),
        bytes("carriage returns", b"local x = 1\r\nerror('x')\r\n", "attack.lua:2"),
        harmless("a byte order mark", format!("\u{feff}{empty}")),
        harmless("a line for the shell", format!("#!/bin/lua\n{empty}")),
        harmless("as long as may be", long.clone()),
        refused("too long", format!("{long}x"), "larger than a script may be"),
        refused("much too long", " ".repeat(20 << 20), "larger than a script may be"),
        refused("one line", format!("return {}", "x.".repeat(60_000)), "attack.lua:1"),
        refused("parentheses", format!("return {}", nested("(", 100_000, ")")), "attack.lua"),
        refused("tables", format!("return {}", nested("{", 100_000, "}")), "attack.lua"),
        refused("minus signs", format!("return {}", nested("- ", 120_000, "")), "attack.lua"),
        refused("blocks", nested("do ", 40_000, " end"), "attack.lua"),
        refused("functions", nested("return function() ", 9_000, " end"), "attack.lua"),
        refused("types", format!("type T = {}", nested("{", 100_000, "}")), "attack.lua"),
        refused("concatenations", format!("return {}1", "'x'..".repeat(40_000)), "attack.lua"),
        refused("interpolations", format!("return {}", nested("`{", 60_000, "}`")), "attack.lua"),
        refused("many locals", "local a\n".repeat(30_000), "attack.lua"),
        refused("many constants", numbers, "attack.lua"),
    ]);
}

#[cfg(unix)]
#[test]
fn lua_modules_that_are_no_files_are_refused() {
    use std::os::unix::fs::symlink;
    let module = |prepare: fn(&Bench), words: &str| {
        let script = "require('m')\nreturn { generate = function() end }";
        let attack = Attack::new(words, Part::Generator, script, &[1, 2], &[words]);
        let bench = attack.bench();
        prepare(&bench);
        let outcome = limited(&bench, &["run", "s.toml"]);
        assert!(outcome.code.is_some_and(|code| code == 1 || code == 2), "{words}: {}", outcome.err);
        assert!(outcome.err.contains(words), "{words}: {}", outcome.err);
        assert!(!outcome.err.contains("root:"), "{}", outcome.err);
    };
    module(|bench| pipe(&bench.path("m.lua")), "not a regular file");
    module(|bench| std::fs::create_dir(bench.path("m.lua")).unwrap(), "not a regular file");
    module(|bench| symlink("/etc/passwd", bench.path("m.lua")).unwrap(), "outside the directories");
    module(|bench| symlink("/dev/zero", bench.path("m.lua")).unwrap(), "outside the directories");
    module(|bench| symlink("m.lua", bench.path("m.lua")).unwrap(), "cannot read");
}

/// Plugins are found by their names, and run when they are used.
#[test]
fn lua_plugins_are_no_way_around() {
    let cases = [
        ("while true do end", "took more than"),
        ("local s = 'x' while true do s = s .. s end", "more memory than"),
        ("return { generate = function() while true do end end }", "took more than"),
        ("return { generate = function() io.open('x') end }", "evil.lua:1"),
        ("x x", "evil.lua:1"),
    ];
    cases.par_iter().for_each(|(script, words)| {
        let bench = Bench::new();
        bench.write("plugins/evil.lua", script);
        bench.write(
            "s.toml",
            "[grid]\nshape = 16\n[spots.a]\ngenerator = { kind = \"evil\" }\n\
             profile = { kind = \"gaussian\", sigma = 1 }\namplitude = 1\n",
        );
        let outcome = limited(&bench, &["run", "s.toml"]);
        assert!(outcome.code.is_some_and(|code| code == 1 || code == 2), "{script}: {}", outcome.err);
        assert!(outcome.err.contains(words), "{script}: {}", outcome.err);
    });
}

/// Scripts whose results would depend on where things lie in memory: the same file in every run.
#[test]
fn lua_keys_come_in_the_same_order() {
    let generator = "
local objects = {}
for i = 1, 40 do objects[{}] = i objects[function() return i end] = -i objects[coroutine.create(print)] = i / 2 end
return { generate = function(p, scene)
    for i = 1, 40 do objects[{ i }] = i / 3 end
    local n, spots = 0, {}
    for _, v in pairs(objects) do n = n + 1 spots[n] = { x = n / 12, y = 8, z = 8, amplitude = 50 + v } end
    for _, v in objects do n = n + 1 spots[n] = { x = n / 25, y = 4, z = 8, amplitude = 50 + v } end
    return spots
end }";
    let profile = "
local weights = {}
for i = 1, 9 do weights[{}] = i weights[function() return i end] = i / 3 end
return { support = 3, intensity = function(p, dx, dy, dz)
    local x = 0
    for _, w in weights do x = x * 0.7 + w end
    for _, w in pairs(weights) do x = x * 0.9 + w end
    return x * math.exp(-dx * dx - dy * dy - dz * dz)
end }";
    for (part, script) in [(Part::Generator, generator), (Part::Profile, profile)] {
        let bench = Attack::new("keys", part, script, &[0], &[]).bench();
        let file = |threads: &str, variable: &str| {
            let arguments = ["run", "s.toml", "--force", "--threads", threads];
            // What stands in the environment moves the stack.
            let outcome = bench.run_with(&arguments, |command| command.env("ELSEWHERE", variable));
            assert_eq!(outcome.code, Some(0), "{}", outcome.err);
            std::fs::read(bench.path("s.h5")).unwrap()
        };
        let first = file("1", "");
        for i in 0..5 {
            assert!(file(if i % 2 == 0 { "2" } else { "1" }, &"x".repeat(i * 997)) == first, "run {i}");
        }
    }
}
