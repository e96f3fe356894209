//! What nodes that are made up say of themselves.

use serde_json::{Value, json};

/// The answer to `GET /api/core/v2/info` of a healthy node at milestone `index`, on a network
/// without proof of work whose addresses begin with `tst`.
#[must_use]
pub fn info(index: u64) -> Value {
    let milestone = json!({"index": index, "timestamp": 1, "milestoneId": null});
    json!({
        "name": "fake",
        "version": "0",
        "status": {
            "isHealthy": true,
            "latestMilestone": milestone,
            "confirmedMilestone": milestone,
            "pruningIndex": 0,
        },
        "protocol": {
            "version": 2,
            "networkName": "fake",
            "bech32Hrp": "tst",
            "minPowScore": 0,
            "belowMaxDepth": 15,
            "rentStructure": {"vByteCost": 1, "vByteFactorData": 1, "vByteFactorKey": 10},
            "tokenSupply": "1000",
        },
        "baseToken": {"name": "T", "tickerSymbol": "T", "unit": "T", "decimals": 6},
        "features": [],
    })
}
