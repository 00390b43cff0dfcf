//! The detector.

use super::*;
