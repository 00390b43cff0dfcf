//! The stream.

use super::*;
