//! SPDX licence expressions, as Cargo.toml holds them.
//!
//! ```text
//! any  := all ("OR" all)*            "/" is an old way to write OR
//! all  := unit ("AND" unit)*
//! unit := "(" any ")" | name ["WITH" exception]
//! ```

use std::collections::BTreeSet;

/// Why an expression cannot be judged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExpressionError {
    /// It ends where a licence must stand.
    Ends,
    /// Something follows the end.
    GoesOn(String),
    /// A parenthesis stays open.
    Open,
}

impl std::fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ends => f.write_str("ends where a licence must stand"),
            Self::GoesOn(token) => write!(f, "{token} is not expected"),
            Self::Open => f.write_str("a parenthesis stays open"),
        }
    }
}

/// Whether some choice that the expression offers consists of allowed licences only.
pub(crate) fn is_allowed(
    expression: &str,
    allowed: &BTreeSet<String>,
) -> Result<bool, ExpressionError> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader {
        tokens: &tokens,
        allowed,
    };
    let verdict = reader.any()?;
    match reader.tokens.first() {
        None => Ok(verdict),
        Some(token) => Err(ExpressionError::GoesOn((*token).to_owned())),
    }
}

struct Reader<'a> {
    tokens: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<bool, ExpressionError> {
        let mut verdict = self.all()?;
        while self.takes("OR") {
            verdict |= self.all()?;
        }
        Ok(verdict)
    }

    fn all(&mut self) -> Result<bool, ExpressionError> {
        let mut verdict = self.unit()?;
        while self.takes("AND") {
            verdict &= self.unit()?;
        }
        Ok(verdict)
    }

    fn unit(&mut self) -> Result<bool, ExpressionError> {
        if self.takes("(") {
            let verdict = self.any()?;
            return if self.takes(")") {
                Ok(verdict)
            } else {
                Err(ExpressionError::Open)
            };
        }
        let name = self.next()?;
        if self.takes("WITH") {
            let exception = self.next()?;
            return Ok(self.allowed.contains(&format!("{name} WITH {exception}")));
        }
        Ok(self.allowed.contains(name))
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.tokens.first() == Some(&token);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn next(&mut self) -> Result<&'a str, ExpressionError> {
        let (first, rest) = self.tokens.split_first().ok_or(ExpressionError::Ends)?;
        self.tokens = rest;
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(expression: &str) -> Result<bool, ExpressionError> {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Zlib",
        ];
        is_allowed(expression, &allowed.map(str::to_owned).into())
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        assert_eq!(verdict("MIT"), Ok(true));
        assert_eq!(verdict("GPL-3.0 OR MIT"), Ok(true));
        assert_eq!(verdict("GPL-3.0/MIT"), Ok(true));
        assert_eq!(verdict("GPL-3.0"), Ok(false));
    }

    #[test]
    fn all_parts_of_a_choice_must_be_allowed() {
        assert_eq!(verdict("(MIT OR GPL-3.0) AND Zlib"), Ok(true));
        assert_eq!(verdict("MIT AND GPL-3.0"), Ok(false));
        assert_eq!(verdict("MIT AND GPL-3.0 OR Zlib"), Ok(true));
    }

    #[test]
    fn exception_belongs_to_its_licence() {
        assert_eq!(verdict("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(verdict("MIT WITH LLVM-exception"), Ok(false));
    }

    #[test]
    fn broken_expressions_are_errors() {
        assert_eq!(verdict(""), Err(ExpressionError::Ends));
        assert_eq!(verdict("MIT OR"), Err(ExpressionError::Ends));
        assert_eq!(verdict("(MIT"), Err(ExpressionError::Open));
        assert_eq!(
            verdict("MIT Zlib"),
            Err(ExpressionError::GoesOn("Zlib".to_owned()))
        );
    }
}
