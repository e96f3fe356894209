//! Blocks that break a rule are refused with the reason.

#[tokio::test]
async fn placeholder() {}
