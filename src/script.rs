//! Lua scripts: the sandbox they run in, their limits, and their errors as diagnostics.
//!
//! The engine is Luau, interpreted. A [`Program`] is a script with the modules it requires; it can be started again and
//! again, each time in an [`Engine`] of its own that begins as new: same script, same arguments, same result,
//! whatever the machine and the thread.

mod arithmetic;
pub mod budget;
mod failure;
pub mod heap;
mod modules;
pub mod parameters;
pub mod pure;
pub mod role;
mod sandbox;
pub mod streams;
mod watch;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use mlua::chunk::Compiler;
use mlua::{Function, Lua, LuaOptions, StdLib, Table, Value, ffi};

use crate::diagnostic::{Diagnostic, printable, shown};
use crate::files::{Files, lexical};
use budget::Meter;
pub use failure::in_thread;
use heap::Pages;
use modules::{Requirements, load, require};
use watch::Watch;

/// What the scripts of a run may use, and who hears of them.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Bytes of memory of one interpreter.
    pub memory: u64,
    /// Steps of one call from outside: calls, returns and turns of loops.
    pub steps: u64,
    /// Receives what `print` is given: the script's name and a line.
    pub print: fn(&str, &str),
    /// Ends the process when a script cannot be stopped otherwise.
    pub overrun: fn(&Diagnostic),
}

impl Default for Host {
    fn default() -> Host {
        Host { memory: 256 << 20, steps: 500_000_000, print: |_, _| (), overrun: |_| () }
    }
}

/// Scripts are written by people; the compiler's memory, some 70 times as much, is outside of the script's limit.
const MAX_SCRIPT_BYTES: usize = 256 << 10;

/// More modules than these do not belong to one script.
const MAX_SOURCES: usize = 64;

/// Characters that `print` passes on of one script.
const MAX_PRINTED: usize = 64 << 10;

/// What `print` takes of a call's steps.
const PRINT_STEPS: u64 = 50;

/// What the interpreter calls source number i: `script<i>`. Error messages carry it.
const SOURCE_NAME: &str = "script";

/// One text of a program.
#[derive(Debug, Clone)]
struct Source {
    /// Its path as a scene would write it.
    written: String,
    /// Its name in messages.
    shown: String,
    text: Arc<str>,
}

/// The texts of a program; the first is the script itself, the others are what it requires.
#[derive(Debug, Clone, Default)]
struct Sources {
    list: Vec<Source>,
}

/// A script with everything it requires.
#[derive(Debug, Clone)]
pub struct Program {
    sources: Arc<Sources>,
    host: Host,
}

impl Program {
    /// Reads the script that the scene calls `written`, with the modules that it requires while it is loaded; `folder`
    /// is the scene's folder as messages name it.
    ///
    /// # Errors
    /// A file that cannot be read, or an error of the script while it is loaded.
    pub fn read(
        files: &dyn Files,
        written: &str,
        folder: &Path,
        host: Host,
    ) -> Result<(Program, Running), Diagnostic> {
        let mut sources = Sources { list: vec![read(files, written, folder)?] };
        loop {
            let program = Program { sources: Arc::new(sources.clone()), host };
            let engine = Engine::new(&program)?;
            engine.run(streams::forbid)?;
            let loaded = engine.load();
            let Some(missing) = engine.requirements.missing.take() else {
                return loaded.map(|module| (program, Running { module, engine }));
            };
            if sources.list.len() == MAX_SOURCES {
                let message = format!("`{}` requires more than {MAX_SOURCES} modules", sources.name(0));
                return Err(Diagnostic::invalid(message));
            }
            sources.list.push(read(files, &missing, folder)?);
        }
    }

    /// Starts the script in an interpreter of its own, which `prepare` may add to.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn start(&self, prepare: impl FnOnce(&Lua) -> mlua::Result<()>) -> Result<Running, Diagnostic> {
        let engine = Engine::new(self)?;
        engine.run(prepare)?;
        Ok(Running { module: engine.load()?, engine })
    }

    /// What the script is called in messages.
    pub fn name(&self) -> &str {
        self.sources.name(0)
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    /// A problem of the script as a whole.
    pub fn problem(&self, message: &str) -> Diagnostic {
        Diagnostic::invalid(format!("{}: {message}", self.name()))
    }
}

fn read(files: &dyn Files, written: &str, folder: &Path) -> Result<Source, Diagnostic> {
    let bytes = files.read(written)?;
    let shown = shown(&lexical(&folder.join(written)).display().to_string());
    let refuse = |what: &str| Err(Diagnostic::invalid(format!("`{shown}` {what}")));
    if bytes.len() > MAX_SCRIPT_BYTES {
        return refuse(&format!("is larger than a script may be: {} KiB", MAX_SCRIPT_BYTES >> 10));
    }
    match std::str::from_utf8(&bytes) {
        // The compiler would stop reading there and run what came before.
        Ok(text) if text.contains('\0') => refuse("is no script: it holds a zero byte"),
        Ok(text) => Ok(Source { written: written.to_string(), shown, text: Arc::from(text) }),
        Err(_) => refuse("is no script: it is not UTF-8"),
    }
}

/// One interpreter, in which a program runs.
pub struct Engine {
    lua: Lua,
    sources: Arc<Sources>,
    host: Host,
    requirements: Rc<Requirements>,
    /// Behind the interpreter, whose objects lie in them.
    pages: Option<Pages>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The interpreter knows what holds these, and they hold the interpreter's values.
        self.requirements.values.take();
    }
}

impl Engine {
    /// A new interpreter with nothing but its libraries.
    ///
    /// # Errors
    /// When the machine has no memory for one, or computes otherwise than all others.
    pub fn new(program: &Program) -> Result<Engine, Diagnostic> {
        let refuse = |why: &str| Diagnostic::impossible(format!("cannot run `{}`: {why}", program.name()));
        let host = program.host;
        if host.memory < MIN_MEMORY {
            let why = format!("a script needs {} KiB of memory at least", MIN_MEMORY >> 10);
            return Err(refuse(&why).help("raise --lua-memory"));
        }
        let pages = Pages::new(host.memory);
        if cfg!(unix) && pages.is_none() {
            return Err(refuse("no address space is left for its memory").help("lower --lua-memory"));
        }
        let create = || Lua::new_with(StdLib::NONE, LuaOptions::new());
        let lua = match &pages {
            Some(pages) => pages.during(create),
            None => create(),
        };
        let lua = lua.map_err(|error| refuse(&error.to_string()))?;
        let sources = program.sources.clone();
        let engine = Engine { lua, sources, host, requirements: Rc::default(), pages };
        let reference = engine.run_short(SETUP_STEPS, |lua| {
            lua.set_memory_limit(usize::try_from(host.memory).unwrap_or(usize::MAX))?;
            sandbox::furnish(lua)?;
            lua.set_compiler(
                Compiler::new()
                    .set_optimization_level(2)
                    .set_debug_level(1)
                    .set_disabled_builtins(sandbox::PAYING),
            );
            engine.provide(lua)?;
            // SAFETY: the function keeps to what the interpreter asks of it.
            unsafe {
                lua.exec_raw::<()>((), |state| (*ffi::lua_callbacks(state)).interrupt = Some(budget::step))?;
            }
            Ok(arithmetic::is_reference(lua))
        })?;
        if !reference {
            return Err(refuse(
                "this build of the program computes otherwise than others, so that a script would give other spots here",
            )
            .help("build it with CXXFLAGS=-ffp-contract=off and without -ffast-math"));
        }
        Ok(engine)
    }

    /// `print` and `require`.
    fn provide(&self, lua: &Lua) -> mlua::Result<()> {
        let globals = lua.globals();
        let (print, name, left) =
            (self.host.print, self.sources.name(0).to_string(), RefCell::new(MAX_PRINTED));
        let print = lua.create_function(move |lua, values: mlua::Variadic<Value>| {
            let tostring: Function = lua.globals().get("tostring")?;
            let mut line = String::new();
            for value in &*values {
                line.push_str(if line.is_empty() { "" } else { " " });
                let text: mlua::LuaString = tostring.call(value)?;
                line.extend(text.to_string_lossy().chars().take(MAX_PRINTED).map(printable));
            }
            budget::charge(PRINT_STEPS);
            let mut left = left.borrow_mut();
            if *left > 0 {
                print(&name, &line.chars().take(*left).collect::<String>());
                *left = left.saturating_sub(line.len() + 1);
            }
            Ok(())
        })?;
        globals.raw_set("print", print)?;
        let (sources, requirements) = (self.sources.clone(), self.requirements.clone());
        let require = lua.create_function(move |lua, name: mlua::LuaString| {
            let name = name.to_str()?.to_string();
            require(lua, &sources, &requirements, &name)
        })?;
        globals.raw_set("require", require)
    }

    /// Runs `call`; what it does counts against the limits of one call from outside.
    ///
    /// # Errors
    /// The limit it hit, whatever it returned; or the error of the script.
    pub fn run<R>(&self, call: impl FnOnce(&Lua) -> mlua::Result<R>) -> Result<R, Diagnostic> {
        let overrun = failure::limit(budget::Limit::Clock, None, &self.sources, &self.host);
        let meter = Arc::new(Meter::new(self.host.steps));
        let _watch = Watch::new(&meter, self.host.overrun, overrun);
        self.run_metered(&meter, call)
    }

    /// The same with `steps` to use and no clock behind them: for calls that are short and many.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn run_short<R>(
        &self,
        steps: u64,
        call: impl FnOnce(&Lua) -> mlua::Result<R>,
    ) -> Result<R, Diagnostic> {
        self.run_metered(&Meter::new(steps), call)
    }

    fn run_metered<R>(
        &self,
        meter: &Meter,
        call: impl FnOnce(&Lua) -> mlua::Result<R>,
    ) -> Result<R, Diagnostic> {
        let call = || budget::within(meter, || call(&self.lua));
        let (result, hit) = match &self.pages {
            Some(pages) => pages.during(call),
            None => call(),
        };
        match (hit, result) {
            (Some((limit, position)), _) => {
                let host = Host { steps: meter.steps, ..self.host };
                Err(failure::limit(limit, position, &self.sources, &host))
            }
            (None, Ok(value)) => Ok(value),
            (None, Err(error)) => Err(self.problem(&error)),
        }
    }

    /// An error of the script as a problem at its place.
    pub fn problem(&self, error: &mlua::Error) -> Diagnostic {
        failure::error(error, &self.sources, &self.host)
    }

    /// What the script's modules have returned.
    pub fn modules(&self) -> Vec<Value> {
        let values = self.requirements.values.borrow();
        values.iter().map(|(_, value)| value.clone()).filter(|value| !value.is_nil()).collect()
    }

    /// Closes the sandbox and runs the script's text: the table that it returns.
    ///
    /// # Errors
    /// As [`Engine::run`]; or that it returns something else.
    pub fn load(&self) -> Result<Table, Diagnostic> {
        self.run(|lua| {
            lua.sandbox(true)?;
            match load(lua, &self.sources, 0)? {
                Value::Table(module) => Ok(module),
                other => Err(mlua::Error::runtime(format!(
                    "the script must return a table, and returns {}",
                    kind(&other)
                ))),
            }
        })
    }
}

/// An interpreter with its libraries takes half of this.
const MIN_MEMORY: u64 = 1 << 20;

/// Steps to set an interpreter up in, which are not the script's.
const SETUP_STEPS: u64 = 1_000_000;

/// A kind of value, for messages.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Nil => "nothing".into(),
        Value::Number(x) => format!("the number {x}"),
        Value::Integer(n) => format!("the number {n}"),
        Value::Boolean(b) => format!("{b}"),
        Value::String(text) => format!("the text \"{}\"", shown(&text.to_string_lossy())),
        Value::Table(_) => "a table".into(),
        Value::Function(_) => "a function".into(),
        other => format!("a {}", other.type_name()),
    }
}

/// A program that was started: what its script returned, and the interpreter that runs it.
pub struct Running {
    /// Before the engine, which it belongs to.
    pub module: Table,
    pub engine: Engine,
}

impl Running {
    /// A list of names under `key` of what the script returned; empty where there is none.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn names(&self, key: &str) -> Result<Vec<String>, Diagnostic> {
        let wrong = |found: &Value| {
            let message = format!("`{key}` must be a list of names, and holds {}", kind(found));
            Diagnostic::invalid(format!("{}: {message}", self.engine.sources.name(0)))
        };
        let list = match self.engine.run(|_| self.module.raw_get(key))? {
            Value::Table(list) => list,
            Value::Nil => return Ok(Vec::new()),
            other => return Err(wrong(&other)),
        };
        let name = |i: usize| match list.raw_get(i) {
            Ok(Value::String(name)) => Ok(name.to_string_lossy()),
            Ok(other) => Err(wrong(&other)),
            Err(_) => Err(wrong(&Value::Nil)),
        };
        (1..=list.raw_len().min(1000)).map(name).collect()
    }

    /// What the script says of itself.
    pub fn about(&self) -> String {
        match self.module.raw_get("about") {
            Ok(Value::String(text)) => text.to_string_lossy().chars().take(1000).map(printable).collect(),
            _ => String::new(),
        }
    }
}
