//! Places for connections: so many in all, and half of them for one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Network;

/// See the head of this file.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// For one address; none where a proxy brings everybody from its own.
    of_one: Option<usize>,
    taken: Mutex<HashMap<Network, usize>>,
}

/// One that is taken, until it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    network: Network,
    _of_all: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(most: usize, behind_proxy: bool) -> Arc<Self> {
        let of_one = (!behind_proxy).then_some(most.div_ceil(2));
        Arc::new(Self { all: Arc::new(Semaphore::new(most)), of_one, taken: Mutex::default() })
    }

    /// One of all of them. Waits until there is one: whoever comes meanwhile waits in the system's queue.
    pub(crate) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives it to an address; none where that one has its half.
    pub(crate) fn give(self: &Arc<Self>, of_all: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let network = Network::of(address);
        let mut taken = self.taken();
        let own = taken.entry(network).or_default();
        if self.of_one.is_some_and(|most| *own >= most) {
            return None;
        }
        *own += 1;
        drop(taken);
        Some(Place { places: Arc::clone(self), network, _of_all: of_all })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(own) = taken.get_mut(&self.network) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_has_half_of_the_places_and_they_come_back() {
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let places = Places::new(4, false);
        let take = async |address| places.give(places.free().await.unwrap(), address);
        let held = [take(one).await.unwrap(), take(one).await.unwrap()];
        assert!(take(one).await.is_none());
        let others = take(other).await.unwrap();
        drop(held);
        assert_eq!(places.taken().len(), 1);
        assert!(take(one).await.is_some());
        drop(others);
        assert_eq!((places.taken().len(), places.all.available_permits()), (0, 4));
        let behind = Places::new(2, true);
        let taken = [behind.give(behind.free().await.unwrap(), one), behind.give(behind.free().await.unwrap(), one)];
        assert!(taken.iter().all(Option::is_some));
    }
}
