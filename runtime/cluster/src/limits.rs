//! What has an end, and where. What happens there is said at each.

use std::time::Duration;

/// Bytes of a request, at most: a longer one is not sent.
pub const REQUEST_BYTES: usize = 512 << 10;
/// Bytes of an answer, at most: in place of a longer one, the asking node hears that it is too large.
pub const ANSWER_BYTES: usize = 16 << 20;
/// Bytes of a snapshot, at most, as for answers.
pub const SNAPSHOT_BYTES: usize = 64 << 20;
/// Bytes of a change, at most: a longer one is not told. The longest message of the copies that nodes keep of each other fits in.
pub const CHANGE_BYTES: usize = 512 << 10;
/// Bytes of a module, at most, as in the upload check.
pub const MODULE_BYTES: usize = 64 << 20;
/// The longest that an answer is waited for; who wants longer waits this long.
pub const LONGEST_PATIENCE: Duration = Duration::from_secs(60);
/// Requests of this node that are under way, at most; further ones fail at once.
pub const ASKED_AT_ONCE: usize = 1024;
/// Snapshots of a topic that a node makes at once; further requests are refused as busy.
pub const SNAPSHOTS_AT_ONCE: usize = 4;
/// Changes that wait to be sent; beyond it they are not told, which the others hear of as a gap.
pub const WAITING_CHANGES: usize = 1024;
/// Changes of others that wait for the host; when it is that late, the client drops what comes, which is a gap.
pub const WAITING_TOLD: usize = 1024;

/// Bytes of one piece of an answer. Other messages go between pieces.
pub(crate) const PIECE_BYTES: usize = 128 << 10;
/// Bytes of the longest message, with what stands before the host's own bytes.
pub(crate) const LONGEST_MESSAGE: usize = REQUEST_BYTES + 1024;
/// Messages of one subscription that the client keeps; further ones are dropped. A whole snapshot fits in.
pub(crate) const WAITING_MESSAGES: usize = 4096;
/// How long JetStream may take for one operation on a bucket.
pub(crate) const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a module may take to be written or read.
pub(crate) const MODULE_PATIENCE: Duration = Duration::from_secs(60);
