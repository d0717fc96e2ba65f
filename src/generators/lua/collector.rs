//! The spots of a script while they come in: one by one, as lists of tables or as columns of numbers.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int};

use mlua::ffi::{self, lua_State};
use mlua::{Lua, Result, Table, Value};

use crate::generators::{Layout, Placed};
use crate::grid::AXES;
use crate::spot::{Extra, TRUTH_COLUMNS};

/// More columns of its own than these no script brings.
const MOST_COLUMNS: usize = 64;

/// Columns that are known by name, in the order in which they lie in [`Collector::columns`].
const KNOWN: [&str; 5] = ["amplitude", "photons", "sigma_x", "sigma_y", "sigma_z"];
const AMPLITUDE: usize = 0;
const PHOTONS: usize = 1;
const SIGMA: usize = 2;

struct Column {
    name: String,
    /// Not longer than there are spots; NaN for spots without a value.
    values: Vec<f64>,
}

/// What a field of a spot is.
#[derive(Clone, Copy)]
enum Field {
    Position(usize),
    /// The same on all axes.
    Sigma,
    Column(usize),
}

pub struct Collector {
    flat: bool,
    /// The most spots without columns of their own.
    most: u64,
    /// Bytes that the spots of a script may take.
    memory: u64,
    /// What is used up, once one more spot was asked for.
    pub full: Option<Full>,
    positions: Vec<[f64; 3]>,
    columns: Vec<Column>,
    /// What `emit` takes behind x, y and z.
    emitted: Vec<Field>,
    /// Fields by the address of their names, which the interpreter keeps once each.
    names: Vec<(*const c_char, Box<[u8]>, Field)>,
}

/// How many spots fit into the memory of the whole program, or of the script.
#[derive(Clone, Copy)]
pub enum Full {
    Program(u64),
    Script(u64),
}

/// Bytes of a spot, and of each of its columns.
const SPOT_BYTES: u64 = 24;
const COLUMN_BYTES: u64 = 8;

/// Why a spot cannot be taken.
type Wrong = std::result::Result<(), String>;

impl Collector {
    /// `memory` is that of the script; `emitted` are the names that it declares for what `emit` takes behind x, y and z.
    ///
    /// # Errors
    /// A name that cannot be a column.
    pub fn new(
        layout: &Layout<'_>,
        memory: u64,
        emitted: Vec<String>,
    ) -> std::result::Result<Collector, String> {
        let column = |name: &&str| Column { name: name.to_string(), values: Vec::new() };
        let mut collector = Collector {
            flat: layout.grid.flat,
            most: layout.most_spots,
            memory,
            full: None,
            positions: Vec::new(),
            columns: KNOWN.iter().map(column).collect(),
            emitted: Vec::new(),
            names: Vec::new(),
        };
        for name in emitted {
            let field = collector.field_of(name.as_bytes())?;
            collector.emitted.push(field);
        }
        Ok(collector)
    }

    /// Everything that came in.
    pub fn finish(&mut self) -> Placed {
        let count = self.positions.len();
        let mut columns = std::mem::take(&mut self.columns).into_iter().map(|mut column| {
            if !column.values.is_empty() {
                column.values.resize(count, f64::NAN);
            }
            column
        });
        let mut next = || columns.next().map_or_else(Vec::new, |column| column.values);
        let (amplitude, photons) = (next(), next());
        let (x, y, z) = (next(), next(), next());
        let at = |column: &[f64], i: usize| column.get(i).copied().unwrap_or(f64::NAN);
        let sigma = |i: usize| [at(&x, i), at(&y, i), at(&z, i)];
        Placed {
            centres: std::mem::take(&mut self.positions),
            amplitude,
            photons,
            sigma: if x.is_empty() && y.is_empty() && z.is_empty() {
                Vec::new()
            } else {
                (0..count).map(sigma).collect()
            },
            extras: columns
                .map(|column| Extra { name: column.name, unit: String::new(), values: column.values })
                .collect(),
        }
    }

    /// The field that a name stands for; a new one becomes a column.
    fn field_of(&mut self, name: &[u8]) -> std::result::Result<Field, String> {
        let text = std::str::from_utf8(name).unwrap_or("");
        if let Some(axis) = AXES.iter().position(|axis| *axis == text) {
            return Ok(Field::Position(axis));
        }
        if text == "sigma" {
            return Ok(Field::Sigma);
        }
        if let Some(column) = self.columns.iter().position(|column| column.name == text) {
            return Ok(Field::Column(column));
        }
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && text.len() <= 64;
        if !is_name {
            let found = crate::diagnostic::shown(&String::from_utf8_lossy(name));
            return Err(format!("`{found}` cannot be a column of /spots: letters, digits and _, at most 64"));
        }
        if TRUTH_COLUMNS.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(format!("`{text}` is a column that /spots has of its own; choose another name"));
        }
        if self.columns.len() == KNOWN.len() + MOST_COLUMNS {
            return Err(format!("the spots bring more than {MOST_COLUMNS} columns of their own"));
        }
        self.columns.push(Column { name: text.to_string(), values: Vec::new() });
        Ok(Field::Column(self.columns.len() - 1))
    }

    /// The field whose name is the text at `index` of the stack.
    unsafe fn field_at(&mut self, state: *mut lua_State, index: c_int) -> std::result::Result<Field, String> {
        // SAFETY: a text is not converted, so a traversal of its table is not disturbed.
        let name = unsafe {
            if ffi::lua_type(state, index) != ffi::LUA_TSTRING {
                return Err("it has entries without a name; allowed: x, y, z and other named numbers".into());
            }
            let mut length = 0;
            let text = ffi::lua_tolstring(state, index, &mut length);
            std::slice::from_raw_parts(text.cast::<u8>(), length)
        };
        // The address alone may have been another name's before.
        let known = |(address, bytes, _): &&(*const c_char, Box<[u8]>, Field)| {
            *address == name.as_ptr().cast() && **bytes == *name
        };
        if let Some((_, _, field)) = self.names.iter().find(known) {
            return Ok(*field);
        }
        let field = self.field_of(name)?;
        self.names.truncate(4 * MOST_COLUMNS);
        self.names.push((name.as_ptr().cast(), name.into(), field));
        Ok(field)
    }

    /// Makes room for one more spot. A column takes a 25th of what a spot takes without.
    fn begin(&mut self) -> Wrong {
        let own = (self.columns.len() - KNOWN.len()) as u64;
        let most = (u128::from(self.most) * 25 / u128::from(25 + own)) as u64;
        let columns = self.columns.iter().filter(|column| !column.values.is_empty()).count() as u64;
        let of_script = self.memory / (SPOT_BYTES + COLUMN_BYTES * columns);
        if self.positions.len() as u64 >= most.min(of_script) {
            self.full = Some(if most < of_script { Full::Program(most) } else { Full::Script(of_script) });
            return Err("no more spots fit into the memory allowed".into());
        }
        self.positions.push([f64::NAN; 3]);
        Ok(())
    }

    fn set(&mut self, field: Field, x: f64) {
        let Some(last) = self.positions.last_mut() else { return };
        match field {
            Field::Position(axis) => last[axis] = x,
            Field::Sigma => (0..3).for_each(|axis| self.set_column(SIGMA + axis, x)),
            Field::Column(column) => self.set_column(column, x),
        }
    }

    fn set_column(&mut self, column: usize, x: f64) {
        let spot = self.positions.len() - 1;
        let values = &mut self.columns[column].values;
        if values.len() < spot {
            values.resize(spot, f64::NAN);
        }
        values.truncate(spot);
        values.push(x);
    }

    /// Checks the spot that came in last.
    fn end(&mut self) -> Wrong {
        let spot = self.positions.len() - 1;
        let of = |column: usize| self.columns[column].values.get(spot).is_some_and(|x| !x.is_nan());
        if of(AMPLITUDE) && of(PHOTONS) {
            return Err("it has `amplitude` and `photons`; give one of them".into());
        }
        let sigmas = [0, 1, 2].map(|axis| of(SIGMA + axis));
        let axes = if self.flat { 2 } else { 3 };
        if sigmas[..axes].contains(&true) && sigmas[..axes].contains(&false) {
            return Err("it has a sigma on some axes only".into());
        }
        if self.flat && sigmas[0] {
            // In a plane a z is ignored.
            self.set_column(SIGMA + 2, self.columns[SIGMA].values[spot]);
        }
        let Some(position) = self.positions.last_mut() else { return Ok(()) };
        if self.flat {
            position[2] = 0.0;
        }
        match position.iter().position(|x| x.is_nan()) {
            Some(axis) => Err(format!("it has no `{}`", AXES[axis])),
            None => Ok(()),
        }
    }

    fn name(&self, field: Field) -> &str {
        match field {
            Field::Position(axis) => AXES[axis],
            Field::Sigma => "sigma",
            Field::Column(column) => &self.columns[column].name,
        }
    }

    /// Checks a number that the script gave for a field.
    fn allow(&self, field: Field, x: f64) -> Wrong {
        if !x.is_finite() {
            return Err(format!("its `{}` is {x}; allowed: a finite number", self.name(field)));
        }
        let positive = match field {
            Field::Sigma => true,
            Field::Column(column) => (SIGMA..KNOWN.len()).contains(&column),
            Field::Position(_) => false,
        };
        if positive && x <= 0.0 {
            return Err(format!("its `{}` is {x}; allowed: > 0", self.name(field)));
        }
        if matches!(field, Field::Column(PHOTONS)) && x < 0.0 {
            return Err(format!("its `photons` is {x}; allowed: >= 0"));
        }
        Ok(())
    }

    /// Takes over the spot that the table at `index` of the stack is.
    unsafe fn table(&mut self, state: *mut lua_State, index: c_int) -> Wrong {
        self.begin()?;
        // SAFETY: the traversal leaves the stack as it was, and calls nothing of the script's.
        unsafe {
            let index = ffi::lua_absindex(state, index);
            let mut at = 0;
            loop {
                at = ffi::lua_rawiter(state, index, at);
                if at < 0 {
                    break;
                }
                let field = self.field_at(state, -2)?;
                match (ffi::lua_type(state, -1), field) {
                    (ffi::LUA_TNUMBER, field) => {
                        let x = ffi::lua_tonumber(state, -1);
                        self.allow(field, x)?;
                        self.set(field, x);
                    }
                    (ffi::LUA_TTABLE, Field::Sigma) => self.sigma(state)?,
                    (found, _) => {
                        let name = CStr::from_ptr(ffi::lua_tostring(state, -2)).to_string_lossy();
                        let found = CStr::from_ptr(ffi::lua_typename(state, found)).to_string_lossy();
                        return Err(format!("its `{name}` is a {found}; allowed: a number"));
                    }
                }
                ffi::lua_pop(state, 2);
            }
        }
        self.end()
    }

    /// Takes over the table of widths that lies on top of the stack.
    unsafe fn sigma(&mut self, state: *mut lua_State) -> Wrong {
        for (axis, name) in [c"x", c"y", c"z"].into_iter().enumerate() {
            // SAFETY: the stack grows by one value and shrinks again.
            let x = unsafe {
                let found = ffi::lua_rawgetfield(state, -1, name.as_ptr());
                let x = ffi::lua_tonumber(state, -1);
                ffi::lua_pop(state, 1);
                match found {
                    ffi::LUA_TNUMBER => x,
                    _ if axis == 2 && self.flat => continue,
                    _ => return Err(format!("its `sigma` has no number `{}`", AXES[axis])),
                }
            };
            self.allow(Field::Column(SIGMA + axis), x)?;
            self.set_column(SIGMA + axis, x);
        }
        Ok(())
    }

    /// Takes over the arguments of `emit`: x, y, z and the columns that the script declares; or the table of a spot.
    unsafe fn arguments(&mut self, state: *mut lua_State) -> Wrong {
        // SAFETY: only arguments are read, by their kinds.
        unsafe {
            let count = ffi::lua_gettop(state) as usize;
            if count == 1 && ffi::lua_type(state, 1) == ffi::LUA_TTABLE {
                return self.table(state, 1);
            }
            if count > 3 + self.emitted.len() {
                return Err(format!(
                    "it has {} values behind x, y and z, and the script declares {} with `columns`",
                    count - 3,
                    self.emitted.len()
                ));
            }
            self.begin()?;
            for i in 0..count {
                let field = if i < 3 { Field::Position(i) } else { self.emitted[i - 3] };
                match ffi::lua_type(state, i as c_int + 1) {
                    ffi::LUA_TNUMBER => {
                        let x = ffi::lua_tonumber(state, i as c_int + 1);
                        self.allow(field, x)?;
                        self.set(field, x);
                    }
                    ffi::LUA_TNIL => {}
                    _ => return Err(format!("its `{}` is no number", self.name(field))),
                }
            }
        }
        self.end()
    }
}

/// `scene.emit(x, y, z, …)`.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn provide_emit(lua: &Lua, collector: &RefCell<Collector>) -> Result<Value> {
    let place: *const RefCell<Collector> = collector;
    // SAFETY: one value is left on the stack; the collector outlives the interpreter's run.
    unsafe {
        lua.exec_raw((), |state| {
            ffi::lua_pushlightuserdatatagged(state, place.cast_mut().cast(), 0);
            ffi::lua_pushcclosurek(state, emit, c"emit".as_ptr(), 1, None);
        })
    }
}

unsafe extern "C-unwind" fn emit(state: *mut lua_State) -> c_int {
    // SAFETY: the upvalue is the collector of `provide_emit`, which nothing else borrows while a script runs; the
    // message is dropped before the error leaves this frame.
    unsafe {
        let place = ffi::lua_tolightuserdata(state, ffi::lua_upvalueindex(1)).cast::<RefCell<Collector>>();
        let wrong = match (*place).try_borrow_mut() {
            Ok(mut collector) => {
                let before = collector.positions.len();
                let wrong = collector.arguments(state);
                wrong.map_err(|what| {
                    // The script may catch the error: then the spot was never there.
                    collector.positions.truncate(before);
                    collector.columns.iter_mut().for_each(|column| column.values.truncate(before));
                    format!("emit: spot {}: {what}", before + 1)
                })
            }
            Err(_) => Err("emit: called while a spot is taken over".into()),
        };
        let failed = match wrong {
            Ok(()) => false,
            Err(what) => {
                ffi::luaL_where(state, 1);
                ffi::lua_pushlstring_(state, what.as_ptr().cast(), what.len());
                ffi::lua_concat(state, 2);
                true
            }
        };
        if failed {
            ffi::lua_error(state)
        }
    }
    0
}

/// Takes over a list of spots, each a table.
///
/// # Errors
/// A spot that is none, or a list with a hole.
pub fn list(lua: &Lua, collector: &RefCell<Collector>, list: Table) -> Result<()> {
    let length = list.raw_len();
    let (mut wrong, mut entries) = (None, 0);
    let (result, count) = (&mut wrong, &mut entries);
    // SAFETY: the list lies at 1, and each spot above it is popped again.
    unsafe {
        lua.exec_raw::<()>(list, |state| {
            let mut collector = collector.borrow_mut();
            for i in 1..=length {
                let found = ffi::lua_rawgeti_(state, 1, i as c_int);
                let taken = match found {
                    ffi::LUA_TTABLE => collector.table(state, -1),
                    _ => Err("it is no table".to_string()),
                };
                if let Err(what) = taken {
                    *result = Some(format!("spot {i} of the list: {what}"));
                    break;
                }
                ffi::lua_settop(state, 1);
            }
            drop(collector);
            let mut at = 0;
            loop {
                ffi::lua_settop(state, 1);
                at = ffi::lua_rawiter(state, 1, at);
                if at < 0 {
                    break;
                }
                *count += 1;
            }
            ffi::lua_settop(state, 0);
        })?;
    }
    match wrong {
        Some(what) => Err(mlua::Error::runtime(what)),
        None if entries > length && length == 0 => Err(mlua::Error::runtime(
            "the table is no list of spots, and has no `x`, so it is no spot either",
        )),
        None if entries > length => Err(mlua::Error::runtime(format!(
            "the list of spots has {entries} entries, of which only 1 to {length} follow one another"
        ))),
        None => Ok(()),
    }
}

/// Takes over columns: `{ x = {…}, y = {…}, z = {…}, amplitude = {…} or one number for all, … }`.
///
/// # Errors
/// A column that is none, or is longer or shorter than `x`.
pub fn columns(lua: &Lua, collector: &RefCell<Collector>, table: Table) -> Result<()> {
    let x: Table = table.raw_get("x")?;
    let count = x.raw_len();
    let mut collector = collector.borrow_mut();
    let fail = |what: String| Err(mlua::Error::runtime(what));
    let mut given: Vec<(Field, String, Given)> = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let Value::String(name) = &key else {
            return fail("the columns have an entry without a name".into());
        };
        let shown = crate::diagnostic::shown(&name.to_string_lossy());
        let field = collector.field_of(&name.as_bytes()).or_else(fail_with)?;
        let values = match value {
            Value::Table(list) if list.raw_len() == count => Given::Each(list),
            Value::Table(list) => {
                return fail(format!(
                    "the column `{shown}` has {} values, and `x` has {count}",
                    list.raw_len()
                ));
            }
            Value::Number(x) => Given::All(x),
            Value::Integer(n) => Given::All(n as f64),
            other => {
                return fail(format!(
                    "the column `{shown}` is {}; allowed: a list of numbers, or one for all",
                    crate::script::kind(&other)
                ));
            }
        };
        given.push((field, shown, values));
    }
    let first = collector.positions.len();
    for _ in 0..count {
        collector.begin().or_else(fail_with)?;
    }
    given.sort_by(|a, b| a.1.cmp(&b.1));
    for (field, name, values) in given {
        let numbers = match values {
            Given::All(x) => vec![x; count],
            Given::Each(list) => numbers(lua, &list, count).map_err(|i| {
                mlua::Error::runtime(format!("value {i} of the column `{name}` is no number"))
            })?,
        };
        if let Some(i) = numbers.iter().position(|&x| collector.allow(field, x).is_err()) {
            let what = collector.allow(field, numbers[i]).err().unwrap_or_default();
            return fail(format!("spot {} of the columns: {what}", i + 1));
        }
        collector.extend(field, first, &numbers);
    }
    collector.end_all(first).or_else(|(i, what)| fail(format!("spot {} of the columns: {what}", i + 1)))
}

fn fail_with<T>(what: String) -> Result<T> {
    Err(mlua::Error::runtime(what))
}

enum Given {
    All(f64),
    Each(Table),
}

/// The numbers of a list, or the index of the first that is none.
fn numbers(lua: &Lua, list: &Table, count: usize) -> std::result::Result<Vec<f64>, usize> {
    let mut numbers = vec![0.0; count];
    let mut bad = None;
    let (out, first) = (&mut numbers, &mut bad);
    // SAFETY: the list lies at 1, and each number above it is popped again.
    let read = unsafe {
        lua.exec_raw::<()>(list.clone(), |state| {
            for (i, x) in out.iter_mut().enumerate() {
                if ffi::lua_rawgeti_(state, 1, i as c_int + 1) != ffi::LUA_TNUMBER {
                    *first = Some(i + 1);
                    break;
                }
                *x = ffi::lua_tonumber(state, -1);
                ffi::lua_settop(state, 1);
            }
            ffi::lua_settop(state, 0);
        })
    };
    match (read, bad) {
        (Ok(()), None) => Ok(numbers),
        (_, bad) => Err(bad.unwrap_or(0)),
    }
}

impl Collector {
    /// Puts a column's numbers to the spots from `first` on.
    fn extend(&mut self, field: Field, first: usize, numbers: &[f64]) {
        match field {
            Field::Position(axis) => {
                self.positions[first..].iter_mut().zip(numbers).for_each(|(position, x)| position[axis] = *x);
            }
            Field::Sigma => (0..3).for_each(|axis| self.extend(Field::Column(SIGMA + axis), first, numbers)),
            Field::Column(column) => {
                let values = &mut self.columns[column].values;
                values.resize(first, f64::NAN);
                values.extend_from_slice(numbers);
            }
        }
    }

    /// Checks the spots from `first` on; an index counts from there.
    fn end_all(&mut self, first: usize) -> std::result::Result<(), (usize, String)> {
        let positions = self.positions.split_off(first);
        for (i, position) in positions.into_iter().enumerate() {
            self.positions.push(position);
            self.end().map_err(|what| (i, what))?;
        }
        Ok(())
    }
}
