//! Calls of a profile's function: in one interpreter while the profile is read, in one for each thread while it is
//! rendered.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use mlua::{Function, Lua, Value};

use super::as_number;
use crate::diagnostic::Diagnostic;
use crate::script::parameters::to_lua;
use crate::script::pure::Pure;
use crate::script::role::Part;
use crate::script::{Running, budget, kind, streams};

/// The share of `--lua-steps` that a call for one voxel may take: there are very many of them.
const STEPS_PER_VOXEL: u64 = 10_000;

/// Nor may it take this many times what calls took on average when the profile was read, unless that is little.
const MOST_TIMES: u64 = 64;
const FEW_STEPS: u64 = 1000;

/// Interpreters that a thread keeps; scenes have few scripted profiles.
const KEPT: usize = 8;

/// A profile's script, ready to be called from any thread.
pub struct Calls {
    part: Part,
    /// Tells the interpreters of one profile from those of another.
    id: u64,
    /// Steps that a call for one voxel may take.
    per_voxel: u64,
}

/// An interpreter with the profile's function.
struct Worker {
    id: u64,
    function: Pure,
    parameters: Value,
    /// Behind what belongs to it.
    running: Running,
}

thread_local! {
    static WORKERS: RefCell<Vec<Worker>> = const { RefCell::new(Vec::new()) };
}

impl Calls {
    pub fn new(part: Part) -> Calls {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let per_voxel = (part.program.host().steps / STEPS_PER_VOXEL).max(FEW_STEPS);
        Calls { part, id: NEXT.fetch_add(1, Ordering::Relaxed), per_voxel }
    }

    pub fn name(&self) -> &str {
        self.part.program.name()
    }

    /// Starts an interpreter. What a coroutine remembers cannot be frozen: profiles have none.
    fn start(&self) -> Result<Worker, Diagnostic> {
        let running = self.part.program.start(|lua| {
            streams::forbid(lua)?;
            lua.globals().raw_set("coroutine", Value::Nil)
        })?;
        let (function, parameters) = running.engine.run(|lua| {
            let function: Function = running.module.raw_get(self.part.function)?;
            let parameters = to_lua(lua, &self.part.arguments)?;
            let (modules, memory) = (running.engine.modules(), self.part.program.host().memory);
            Ok((Pure::new(lua, function, modules, memory)?, parameters))
        })?;
        Ok(Worker { id: self.id, function, parameters, running })
    }

    /// Calls the function for each of `points`, and puts the values into `out`; each call has its own steps.
    ///
    /// # Errors
    /// The first call that fails.
    pub fn each<const N: usize>(
        &self,
        points: impl Iterator<Item = [f64; N]>,
        out: &mut [f64],
    ) -> Result<(), Diagnostic> {
        WORKERS.with_borrow_mut(|workers| {
            let at = match workers.iter().position(|worker| worker.id == self.id) {
                Some(at) => at,
                None => {
                    let worker = self.start()?;
                    workers.truncate(KEPT - 1);
                    workers.insert(0, worker);
                    0
                }
            };
            let Worker { function, parameters, running, .. } = &workers[at];
            let steps = self.per_voxel;
            let called = running
                .engine
                .run_short(steps, |lua| function.call_each(lua, parameters, points, out, Some(steps)));
            if called.is_err() {
                // What a failed call leaves behind is nobody's business.
                workers.remove(at);
            }
            called
        })
    }

    /// Hands an interpreter to `probe`, all calls of which count as one from outside. What they take on average is the
    /// measure for those to come.
    ///
    /// # Errors
    /// What `probe` gives.
    pub fn probe<R>(
        &mut self,
        probe: impl FnOnce(&mut Probe<'_>) -> Result<R, Diagnostic>,
    ) -> Result<R, Diagnostic> {
        let worker = self.start()?;
        let (mut result, mut mean) = (None, 0);
        let ran = worker.running.engine.run(|lua| {
            let mut all = Probe { calls: self, worker: &worker, lua, points: 0 };
            result = Some(probe(&mut all));
            mean = budget::used() / all.points.max(1);
            Ok(())
        });
        ran?;
        self.per_voxel = self.per_voxel.min((MOST_TIMES * mean).max(FEW_STEPS));
        result.unwrap_or_else(|| Err(self.part.program.problem("the profile could not be sampled")))
    }
}

/// One interpreter while a profile is sampled.
pub struct Probe<'a> {
    calls: &'a Calls,
    worker: &'a Worker,
    lua: &'a Lua,
    /// How often the function was called.
    points: u64,
}

impl Probe<'_> {
    pub fn problem(&self, what: &str) -> Diagnostic {
        self.calls.part.program.problem(what)
    }

    /// How far the profile reaches: a number, or a function of the parameters.
    pub fn support(&self) -> Result<f64, Diagnostic> {
        let given: Value = self.module("support")?;
        let value = match given {
            Value::Function(function) => function
                .call(self.worker.parameters.clone())
                .map_err(|error| self.worker.running.engine.problem(&error))?,
            value => value,
        };
        match as_number(&value) {
            Some(support) if support > 0.0 && support.is_finite() => Ok(support),
            _ => Err(self.problem(&format!(
                "`support` must be a number > 0 in grid.unit, or a function of the parameters that returns one, and is {}",
                kind(&value)
            ))),
        }
    }

    fn module(&self, key: &str) -> Result<Value, Diagnostic> {
        self.worker.running.module.raw_get(key).map_err(|error| self.worker.running.engine.problem(&error))
    }

    pub fn radial(&mut self, radii: &[f64], out: &mut [f64]) -> Result<(), Diagnostic> {
        self.call(radii.iter().map(|&r| [r]), out)
    }

    pub fn intensity(&mut self, points: &[[f64; 3]], out: &mut [f64]) -> Result<(), Diagnostic> {
        self.call(points.iter().copied(), out)
    }

    fn call<const N: usize>(
        &mut self,
        points: impl Iterator<Item = [f64; N]>,
        out: &mut [f64],
    ) -> Result<(), Diagnostic> {
        self.points += out.len() as u64;
        let Worker { function, parameters, running, .. } = self.worker;
        function
            .call_each(self.lua, parameters, points, out, None)
            .map_err(|error| running.engine.problem(&error))
    }
}
