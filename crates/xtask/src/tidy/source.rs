//! Rules for one Rust file.
//!
//! The text is taken as rustfmt leaves it: an item ends at the first line that holds only its
//! closing brace at the item's own indent. Production lines are all lines outside `#[cfg(test)]`
//! modules and test files.

const FILE_LINES_WARNED: usize = 500;
const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;
/// The one function that wires a node together, and its own limit.
const WIRING: (&str, &str, usize) = ("crates/node/src/start.rs", "start", 80);
/// Stands above a function that is a table in all but name: its lines are not counted.
const TABLE_MARK: &str = "// tidy: a table";
const COLUMNS_MAX: usize = 100;
/// For a line with a text in it: a text that is cut is harder to find.
const COLUMNS_WITH_TEXT_MAX: usize = 120;

/// Marks of unfinished work; written in two halves so that this file passes its own check.
const UNFINISHED: [&str; 5] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("FIX", "ME"),
    concat!("#[ign", "ore"),
];

/// A crate up to the engine holds no thread, clock, file, socket or random source.
const IMPURE: [&str; 9] = [
    "tokio",
    "std::thread",
    "std::fs",
    "std::net",
    "std::process",
    "std::time::Instant",
    "SystemTime",
    "thread_rng",
    "OsRng",
];

/// Queues without a bound.
const UNBOUNDED: [&str; 3] = [
    concat!("unbounded", "_channel("),
    concat!("channel::", "unbounded"),
    concat!("mpsc::", "channel()"),
];

/// What is wrong with a file, and what soon will be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) findings: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// Checks the Rust file `name`; `pure` says that its crate has no input and output.
pub(crate) fn check(name: &str, content: &str, pure: bool) -> Report {
    let mut report = Report::default();
    let lines: Vec<&str> = content.lines().collect();
    let production = production_lines(name, &lines);
    check_length(name, production.len(), &mut report);
    if !starts_with_docs(&lines) && !is_test_file(name) {
        report
            .findings
            .push(format!("{name}: does not say in `//!` what it is about"));
    }
    for (index, line) in lines.iter().enumerate() {
        let place = format!("{name}:{}", index + 1);
        let columns_max = columns_max(name, line);
        if line.chars().count() > columns_max {
            report
                .findings
                .push(format!("{place}: wider than {columns_max} columns"));
        }
        if let Some(mark) = UNFINISHED.iter().find(|mark| line.contains(**mark)) {
            report
                .findings
                .push(format!("{place}: {mark} is unfinished work"));
        }
    }
    for &(index, line) in &production {
        let place = format!("{name}:{}", index + 1);
        let code = line.split("//").next().unwrap_or_default();
        if let Some(queue) = UNBOUNDED.iter().find(|queue| code.contains(**queue)) {
            report
                .findings
                .push(format!("{place}: {queue} has no bound"));
        }
        if let Some(impure) = IMPURE.iter().find(|word| pure && code.contains(**word)) {
            report
                .findings
                .push(format!("{place}: {impure} in a crate that must stay pure"));
        }
    }
    check_functions(name, &production, &mut report);
    report
}

fn columns_max(name: &str, line: &str) -> usize {
    // An address cannot be broken, and tables and fixtures in tests are clearer when they are not.
    let is_free = line.contains("://") || is_test_file(name) || name.starts_with("crates/testkit/");
    match (is_free, line.contains('"')) {
        (true, _) => usize::MAX,
        (false, true) => COLUMNS_WITH_TEXT_MAX,
        (false, false) => COLUMNS_MAX,
    }
}

fn check_length(name: &str, count: usize, report: &mut Report) {
    if count > FILE_LINES_MAX {
        report.findings.push(format!(
            "{name}: {count} production lines, {FILE_LINES_MAX} are allowed; split it by subject"
        ));
    } else if count > FILE_LINES_WARNED {
        report
            .warnings
            .push(format!("{name}: {count} production lines"));
    }
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

fn starts_with_docs(lines: &[&str]) -> bool {
    lines
        .iter()
        .map(|line| line.trim())
        .find(|line| !line.is_empty() && !line.starts_with("#!["))
        .is_none_or(|line| line.starts_with("//!"))
}

/// The lines, with their index, that are not in a test module or a test file.
fn production_lines<'a>(name: &str, lines: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut production = Vec::new();
    if is_test_file(name) {
        return production;
    }
    let mut in_tests = false;
    for (index, line) in lines.iter().enumerate() {
        if in_tests {
            in_tests = *line != "}";
        } else if *line == "#[cfg(test)]"
            && lines.get(index + 1).is_some_and(|next| next.ends_with('{'))
        {
            in_tests = true;
        } else {
            production.push((index, *line));
        }
    }
    production
}

fn check_functions(name: &str, production: &[(usize, &str)], report: &mut Report) {
    for (position, &(start, line)) in production.iter().enumerate() {
        let Some(function) = function_name(line) else {
            continue;
        };
        if is_marked_as_table(production, position) {
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let closing = format!("{indent}}}");
        let opening = production[position..]
            .iter()
            .find(|(_, line)| line.ends_with('{') || line.ends_with(';') || line.ends_with('}'));
        if opening.is_none_or(|(_, line)| !line.ends_with('{')) {
            continue;
        }
        let end = production[position..]
            .iter()
            .find(|(_, line)| *line == closing);
        let count = end.map_or(0, |(end, _)| end - start + 1);
        let allowed = match WIRING {
            (file, wiring, lines) if file == name && wiring == function => lines,
            _ => FUNCTION_LINES_MAX,
        };
        if count > allowed {
            report.findings.push(format!(
                "{name}:{}: function {function} has {count} lines, {allowed} are allowed",
                start + 1
            ));
        }
    }
}

/// Whether the mark stands above the function, among its comments and attributes.
fn is_marked_as_table(production: &[(usize, &str)], position: usize) -> bool {
    production[..position]
        .iter()
        .rev()
        .map(|(_, line)| line.trim())
        .take_while(|line| line.starts_with("//") || line.starts_with("#["))
        .any(|line| line == TABLE_MARK)
}

fn function_name(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let (before, after) = code.split_once("fn ")?;
    let qualified = before.split_whitespace().all(|word| {
        word.starts_with("pub")
            || word.starts_with('"')
            || ["const", "async", "unsafe", "extern", "default"].contains(&word)
            || word.ends_with(')')
    });
    let name = after.split(['(', '<']).next()?;
    (qualified && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, content: &str) -> Vec<String> {
        check(name, content, false).findings
    }

    fn function_of(lines: usize) -> String {
        format!(
            "//! Doc.\nimpl A {{\n    pub(crate) fn long(\n{}    }}\n}}\n",
            {
                let body = "        let a = 1;\n".repeat(lines - 3);
                format!("    ) -> u8 {{\n{body}")
            }
        )
    }

    #[test]
    fn file_of_800_lines_warns_and_801_fails() {
        let content = |lines: usize| format!("//! Doc.\n{}", "// x\n".repeat(lines - 1));
        assert_eq!(check("a.rs", &content(500), false), Report::default());
        assert_eq!(
            check("a.rs", &content(800), false).warnings,
            ["a.rs: 800 production lines"]
        );
        assert_eq!(
            findings("a.rs", &content(801)),
            ["a.rs: 801 production lines, 800 are allowed; split it by subject"]
        );
    }

    #[test]
    fn test_module_does_not_count() {
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "    // x\n".repeat(900)
        );
        assert_eq!(
            check("a.rs", &format!("//! Doc.\n{tests}"), false),
            Report::default()
        );
        assert_eq!(
            findings("a/tests.rs", &"// x\n".repeat(900)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn function_of_70_lines_passes_and_71_fails() {
        assert_eq!(findings("a.rs", &function_of(70)), Vec::<String>::new());
        assert_eq!(
            findings("a.rs", &function_of(71)),
            ["a.rs:3: function long has 71 lines, 70 are allowed"]
        );
    }

    #[test]
    fn long_function_passes_when_it_is_wiring_or_a_table() {
        let wiring = function_of(80).replace("fn long", "fn start");
        assert_eq!(
            findings("crates/node/src/start.rs", &wiring),
            Vec::<String>::new()
        );
        let table = function_of(200).replace("    pub", &format!("    {TABLE_MARK}\n    pub"));
        assert_eq!(findings("a.rs", &table), Vec::<String>::new());
    }

    #[test]
    fn function_without_body_is_not_measured() {
        let content = format!(
            "//! Doc.\ntrait A {{\n    fn short(&self);\n{}    }}\n}}\n",
            "    // x\n".repeat(100)
        );
        assert_eq!(findings("a.rs", &content), Vec::<String>::new());
    }

    #[test]
    fn missing_module_docs_are_found() {
        assert_eq!(
            findings("a.rs", "#![allow(x)]\nuse std::fmt;\n"),
            ["a.rs: does not say in `//!` what it is about"]
        );
        assert_eq!(
            findings("a.rs", "#![allow(x)]\n\n//! Doc.\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn wide_line_is_found_unless_it_holds_an_address_or_a_fixture() {
        let count = |name: &str, line: String| findings(name, &format!("//! Doc.\n{line}\n")).len();
        let wide = "x".repeat(101);
        let wider = "x".repeat(121);
        assert_eq!(count("a/tests/it/a.rs", format!("// {wider}")), 0);
        assert_eq!(count("a.rs", format!("\"{wide}\"")), 0);
        assert_eq!(count("a.rs", format!("\"{wider}\"")), 1);
        assert_eq!(count("a.rs", format!("// {wide}")), 1);
        assert_eq!(count("a.rs", format!("// https://{wider}")), 0);
    }

    #[test]
    fn unfinished_work_is_found_also_in_tests() {
        for mark in UNFINISHED {
            let found = findings("a/tests.rs", &format!("fn a() {{\n    {mark}\n}}\n"));
            assert_eq!(found.len(), 1, "{mark}: {found:?}");
        }
    }

    #[test]
    fn queue_without_bound_is_found() {
        for queue in UNBOUNDED {
            assert_eq!(
                findings("a.rs", &format!("//! Doc.\nlet a = {queue}\n")).len(),
                1
            );
        }
    }

    #[test]
    fn clock_in_a_pure_crate_is_found() {
        let content = "//! Doc.\nlet now = SystemTime::now(); // SystemTime\n";
        assert_eq!(check("a.rs", content, true).findings.len(), 1);
        assert_eq!(check("a.rs", content, false).findings.len(), 0);
    }
}
