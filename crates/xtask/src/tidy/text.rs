//! What no tracked file may hold.
//!
//! The patterns are written in two halves so that this file passes its own check.

/// Where only one machine has something, and hosts that only some networks reach.
const MACHINE: [&str; 7] = [
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("C:", "\\Users"),
    concat!("arti", "factory"),
];

/// Beginnings of keys and tokens.
const SECRET: [&str; 6] = [
    concat!("-----BEGIN ", "PRIVATE KEY"),
    concat!("-----BEGIN ", "RSA PRIVATE KEY"),
    concat!("-----BEGIN ", "OPENSSH PRIVATE KEY"),
    concat!("ghp", "_"),
    concat!("AK", "IA"),
    concat!("_auth", "Token"),
];

/// Checks the text file `name`.
pub(crate) fn check(name: &str, content: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in content.lines().enumerate() {
        let place = format!("{name}:{}", index + 1);
        if let Some(pattern) = MACHINE.iter().find(|pattern| stands_alone(line, pattern)) {
            findings.push(format!("{place}: {pattern} exists on one machine only"));
        }
        if let Some(pattern) = SECRET.iter().find(|pattern| stands_alone(line, pattern)) {
            findings.push(format!("{place}: {pattern} looks like a secret"));
        }
        if name.ends_with("package-lock.json") && line.trim_start().starts_with("\"resolved\":") {
            findings.push(format!(
                "{place}: names a registry; write the file with omit-lockfile-registry-resolved"
            ));
        }
    }
    findings
}

/// Whether the pattern is in the line and does not go on a longer word or path.
fn stands_alone(line: &str, pattern: &str) -> bool {
    line.match_indices(pattern).any(|(at, _)| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && !"_.-/}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_a_machine_is_found() {
        let path = format!("see {}me/alice/tangle", "/ho");
        assert_eq!(check("a.md", &path).len(), 1);
        assert_eq!(
            check("a.md", &format!("http://x.org{}me/alice", "/ho")).len(),
            0
        );
    }

    #[test]
    fn key_in_a_file_is_found() {
        for pattern in SECRET {
            assert_eq!(
                check("a.toml", &format!("key = \"{pattern}x\"")).len(),
                1,
                "{pattern}"
            );
        }
    }

    #[test]
    fn registry_in_a_lock_file_is_found() {
        let line = "      \"resolved\": \"https://registry.example/x.tgz\",";
        assert_eq!(check("e2e/js/package-lock.json", line).len(), 1);
        assert_eq!(check("other.json", line).len(), 0);
    }
}
