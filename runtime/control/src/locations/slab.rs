//! Things by number, where the number of one that went is used again. Not here: who keeps the numbers.

use std::ops::{Index, IndexMut};

/// Things by number.
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(super) fn insert(&mut self, thing: T) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.places[number as usize] = Some(thing);
                number
            }
            None => {
                self.places.push(Some(thing));
                u32::try_from(self.places.len() - 1)
                    .expect("tables are limited to far fewer than four thousand million")
            }
        }
    }

    pub(super) fn remove(&mut self, number: u32) -> T {
        self.free.push(number);
        self.places[number as usize]
            .take()
            .expect("only what is there is removed")
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        self.places[number as usize].as_ref().expect("a number is of something")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        self.places[number as usize].as_mut().expect("a number is of something")
    }
}
