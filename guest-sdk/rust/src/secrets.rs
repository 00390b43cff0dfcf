//! Secrets that the operator gives this handler by name. They are in no log and no journal; a replay hands out stand-ins of the
//! same length. What is only sent to a web server need not be read: see [`Request::secret`](crate::http::Request::secret).

use crate::Result;
use crate::bindings::patchcord::handler::secrets;

/// A secret by its name.
pub fn get(name: &str) -> Result<String> {
    secrets::get(name)
}
