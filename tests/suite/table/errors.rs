//! Every kind of error, at its line and column.

use super::*;

/// The one problem of a table: file, line, column, the underlined text, message and help.
#[track_caller]
fn problem(bytes: impl AsRef<[u8]>, more: &str, flat: bool) -> (String, String, String) {
    let problems = read(bytes, more, flat).err().expect("a problem");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = &problems[0];
    let place = problem.place.as_ref().expect("a place");
    let at =
        format!("{}:{}:{} {}", place.file, place.line, place.column, &place.excerpt[place.underline.clone()]);
    (at, problem.message.clone(), problem.help.clone().unwrap_or_default())
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, more: &str, at: &str, message: &str, help: &str) {
    let found = problem(bytes, more, false);
    assert_eq!(found.0, at, "{found:?}");
    assert!(found.1.contains(message), "{found:?}");
    assert!(found.2.contains(help), "{found:?}");
}

#[test]
fn bad_cells() {
    let bad = |text: &str, at: &str, message: &str, help: &str| check(text, "", at, message, help);
    bad("x,y,z\n1,2,3\n1,abc,3\n", "t.csv:3:3 abc", "`y` (column 2) is \"abc\", not a number", "");
    bad("x,y,z\r\n1,2,3\r\n\r\n1, abc ,3\r\n", "t.csv:4:4 abc", "(column 2)", "");
    bad("# c\n\nx,y,z\n1,2,\n", "t.csv:4:5 ", "`z` (column 3) is empty; allowed: a finite number", "");
    bad("x,y,z\n1,nan,3\n", "t.csv:2:3 nan", "allowed: a finite number", "");
    bad("x,y,z\n1,2,inf\n", "t.csv:2:5 inf", "allowed: a finite number", "");
    bad(
        "x,y,z,sigma\n1,2,3,0\n",
        "t.csv:2:7 0",
        "`sigma` (column 4) is 0; allowed: > 0",
        "where = { \"sigma\"",
    );
    bad("x,y,z,sigma [nm]\n1,2,3,-5\n", "t.csv:2:7 -5", "allowed: > 0", "\"sigma [nm]\"");
    bad("x,y,z,photons\n1,2,3,-5\n", "t.csv:2:7 -5", "`photons` (column 4) is -5; allowed: >= 0", "");
    bad("x,y,z,amplitude\n1,2,3,inf\n", "t.csv:2:7 inf", "allowed: a finite number", "");
    bad("x;y;z\n1,5;2;3\n", "t.csv:2:1 1,5", "not a number", "with a point");
    bad("x,y,z\n\"1\",\"b\nc\",3\n", "t.csv:2:5 \"b", "not a number", "");
    bad("x,y,z,n\n1,2,3,\"b\nc\"\nd,2,3,4\n", "t.csv:4:1 d", "(column 1)", "");
    let (at, ..) = problem("x,y,z,f\n1,2,3,a\n", ", where = { f = [0, 1] }", false);
    assert_eq!(at, "t.csv:2:7 a");
    // Header lines of TrackMate count as lines.
    let text = "POSITION_X,POSITION_Y,POSITION_Z\nX,Y,Z\nX,Y,Z\n(um),(um),(um)\n1,2,3\n1,2,b\n";
    bad(text, "t.csv:6:5 b", "`POSITION_Z` (column 3)", "");
}

#[test]
fn rows_of_the_wrong_length() {
    let help = "as many cells as the header";
    check("x,y,z\n1,2,3\n1,2\n", "", "t.csv:3:1 1,2", "the row has 2 cells, the header 3", help);
    check("x,y,z\n1,2,3\n1\n", "", "t.csv:3:1 1", "the row has 1 cell, the header 3", help);
    check("x,y,z\n1,2,3,4\n", "", "t.csv:2:7 4", "the row has 4 cells, the header 3", help);
}

#[test]
fn many_bad_cells_are_cut_short() {
    let text = format!("x,y,z\n{}", "a,b,3\n".repeat(20));
    let problems = read(text, "", false).err().unwrap();
    assert_eq!(problems.len(), 11);
    assert!(problems.iter().any(|p| p.message == "`t.csv`: and 30 more bad cells"), "{problems:#?}");
    // The same in many chunks: the first ten of the file.
    let text = format!("x,y,z\n{}{}", "1,2,3\n".repeat(200_000), "a,2,3\n".repeat(100_000));
    let problems = read(text, "", false).err().unwrap();
    assert!(problems.iter().any(|p| p.message.contains("and 99990 more")));
    let lines: Vec<usize> = problems.iter().map(|p| p.place.as_ref().unwrap().line).collect();
    assert_eq!(lines[1..], (200_002..200_012).collect::<Vec<_>>()[..], "the scene's line stands first");
}

#[test]
fn headers() {
    let bad = |text: &str, at: &str, message: &str, help: &str| check(text, "", at, message, help);
    bad("1,2,3\n4,5,6\n", "t.csv:1:1 1,2,3", "has no header", "names the columns");
    bad("# x,y,z\n1,2,3\n", "t.csv:2:1 1,2,3", "has no header", "remove the #");
    bad("x,y,z,q,y\n1,2,3,4,5\n", "t.csv:1:9 y", "columns 2 and 5 are both called `y`", "");
    bad("x [nm],x [px],y,z\n1,2,3,4\n", "t.csv:1:8 x [px]", "may both be the x", "x = \"x [nm]\"");
    bad("x [inch],y,z\n1,2,3\n", "t.csv:1:1 x [inch]", "`inch`", "nm, um, mm, px");
    let found = problem("x,y,z,amplitude,photons\n1,2,3,4,5\n", "", false);
    assert_eq!(found.0, "t.csv:1:17 photons");
    assert_eq!(found.1, "`amplitude` and `photons` exclude one another");
    assert_eq!(found.2, "choose amplitude or photons, as in columns = { photons = \"photons\" }");
}

const PATH: &str = "s.toml:1:38 \"t.csv\"";

#[test]
fn missing_columns() {
    check(
        "x,y\n1,2\n",
        "",
        PATH,
        "no column for z, and a 3-D scene needs one",
        "columns = { z = \"header\" }",
    );
    check("x,z\n1,2\n", "", PATH, "`t.csv` has no column for y", "the file has: x, z");
    check("x,y,z,sigma_z\n1,2,3,4\n", "", PATH, "a width along z, but none across", "sigma = ");
    assert!(read("x,y\n1,2\n", "", true).is_ok(), "a plane needs no z");
}

#[test]
fn no_table_at_all() {
    check("", "", PATH, "is empty", "names the columns");
    check("# only\n\n", "", PATH, "is empty", "");
    check(b"x,y,z\n1,\0,3\n", "", PATH, "binary file", "");
    check(b"\x89HDF\r\n\x1a\n", "", PATH, "an HDF5 file", "export it as CSV");
    check(b"\x1f\x8b\x08", "", PATH, "gzip", "unpack");
    check(b"PK\x03\x04", "", PATH, "spreadsheet", "save it as CSV");
    check(b"\xff\xfex\0", "", PATH, "UTF-16", "UTF-8");
    check(b"x [\xb5m],y,z\n", "", "t.csv:1:4 \u{fffd}", "not UTF-8", "UTF-8");
}

#[test]
fn names_the_file_does_not_have() {
    let text = "x,y,z,frame\n1,2,3,4\n";
    check(
        text,
        ", where = { frane = [0, 1] }",
        "s.toml:1:57 frane",
        "no column `frane`",
        "did you mean `frame`?",
    );
    check(
        text,
        ", columns = { x = \"X [nm]\" }",
        "s.toml:1:63 \"X [nm]\"",
        "no column `X [nm]`",
        "allowed: x, y",
    );
    check(text, ", columns = { sigm = \"x\" }", "s.toml:1:59 sigm", "unknown key", "did you mean `sigma`?");
}

#[test]
fn bad_parameters() {
    let text = "x,y,z,frame\n1,2,3,4\n";
    check(text, ", scale = 0", "s.toml:1:55 0", "allowed: any other number", "");
    check(text, ", where = { frame = [3, 1] }", "s.toml:1:65 [3, 1]", "is no range", "");
    check(text, ", where = { frame = [1] }", "s.toml:1:65 [1]", "allowed: [min, max]", "");
    check(text, ", columns = \"x\"", "s.toml:1:57 \"x\"", "allowed: a table", "");
    let table = read("x,y,z\n1e308,0,0\n", ", scale = 1e10", false).unwrap();
    assert!(place_on(&*table, &grid(Unit::Micrometre, false)).is_err(), "no infinite position");
}

/// Whatever stands in the file: an error or a table, never a panic.
#[test]
fn torn_tables_never_panic() {
    let whole =
        "\u{feff}#c\r\nPOSITION_X,\"POSITION_Y\",é [µm]\r\nX,Y,Z\r\n(um),(um),(um)\r\n1,\"2\n\",3\r\n\"\r\n";
    let bytes = whole.as_bytes();
    for from in 0..bytes.len() {
        for to in from..=bytes.len() {
            let _ = read(&bytes[from..to], "", true);
        }
    }
}
