//! Other versions of a strategy on the desks that trade by its pack: shown to all of them, then on all of them or on none.

use futures::{StreamExt as _, stream::FuturesUnordered};
use puppet_backtest::StrategyId;
use puppet_engine::swap::Shadow;
use puppet_trade::{Desk, DeskError, DeskStrategy, Trial};
use puppet_types::{Breach, Digest, PackId};

use super::{
    floor::Floor,
    place::{Place, Stands},
};

/// The desks whose strategy was asked for by a pack's name.
pub struct Trading {
    places: Vec<Place>,
    /// Those that went over to it, or are on trial since an earlier host: these are waited for, and go back.
    went: Vec<Place>,
    /// What was to trade on them before.
    before: Option<DeskStrategy>,
}

impl Floor {
    /// Those of a pack.
    pub fn trading(&self, pack: &PackId) -> Trading {
        let places = self.all().into_iter().filter(|place| place.asked() == Some(pack.as_str()));
        Trading { places: places.collect(), went: Vec::new(), before: None }
    }
}

impl Trading {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// What they are called.
    pub fn names(&self) -> String {
        self.places.iter().map(|place| place.wanted.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The component that is to trade on them; none where there are none.
    pub fn runs(&self) -> Option<Digest> {
        self.places.first()?.strategy()?.id.digest
    }

    /// Returns when each is open, or has stopped.
    pub async fn open(&self) {
        for place in &self.places {
            // The sender is here.
            let _ = place.stands.subscribe().wait_for(|stands| !matches!(stands, Stands::Opening(_))).await;
        }
    }

    /// Shows a version what those that run were told; of one that is not open it is asked whether it can run there at all. Answers
    /// why it cannot trade on one of them.
    pub async fn shadow(&self, next: &DeskStrategy) -> Result<Shadow, String> {
        let mut all = Shadow::default();
        for place in &self.places {
            let Some(desk) = place.desk.get() else {
                if !place.is_stopped() {
                    place.fits(next).await.map_err(|why| of(place, &why))?;
                }
                continue;
            };
            if !trades(&desk) {
                continue;
            }
            let shown = match desk.shadow(next).await {
                Ok(shown) => shown,
                Err(error @ (DeskError::Plan(_) | DeskError::Strategy(_))) => return Err(of(place, &error)),
                // The desk's own trouble, which it tells.
                Err(_) => continue,
            };
            if let Some(reason) = shown.stops() {
                return Err(of(place, &reason));
            }
            let traps = shown.faults.iter().filter(|fault| fault.fault.breach == Breach::Trap.code()).count() as u64;
            all.replayed += shown.batches;
            all.traps += traps;
            all.breaches += shown.faults.len() as u64 - traps;
            all.changed_decisions += shown.changed.len() as u64;
            all.fuel_recorded = all.fuel_recorded.saturating_add(shown.fuel_recorded);
            all.fuel_replayed = all.fuel_replayed.saturating_add(shown.fuel);
        }
        Ok(all)
    }

    /// Lets a version take over on all of them, or on none: where one refuses, those that went over go back. One that is being
    /// opened opens with it, and so does one that has stopped.
    pub async fn take_over(&mut self, next: &DeskStrategy, trial: Option<Trial>) -> Result<(), String> {
        (self.went, self.before) = (Vec::new(), self.places.first().and_then(Place::strategy));
        let (mut waited, mut refused) = (Vec::new(), None);
        for place in &self.places {
            let _turn = place.turn.lock().await;
            let went = match place.desk.get() {
                None if place.is_stopped() => Ok(false),
                None => place.fits(next).await.map(|()| true),
                Some(desk) if !trades(&desk) => Ok(false),
                Some(desk) => match desk.take_over(next.clone(), trial).await {
                    Err(error @ (DeskError::Plan(_) | DeskError::Strategy(_))) => Err(error.to_string()),
                    // What else goes wrong is the desk's own, which it tells.
                    done => Ok(done.is_ok()),
                },
            };
            match went {
                Ok(went) => {
                    if !went {
                        waited.push((place, place.strategy()));
                    }
                    place.will_run(next.clone());
                    self.went.extend(went.then(|| place.clone()));
                }
                Err(why) => {
                    refused = Some(of(place, &why));
                    break;
                }
            }
        }
        let Some(reason) = refused else { return Ok(()) };
        for (place, before) in waited {
            before.into_iter().for_each(|before| place.will_run(before));
        }
        self.go_back(&reason).await;
        Err(reason)
    }

    /// Those that were opened within a trial are looked at. Answers what they go back to; none where there are none.
    pub fn before(&mut self) -> Option<StrategyId> {
        let before = |place: &Place| place.desk.get().and_then(|desk| desk.before());
        self.went = self.places.iter().filter(|place| before(place).is_some()).cloned().collect();
        self.went.iter().find_map(before)
    }

    /// The trial begins anew, with a way back.
    pub async fn try_on(&mut self, before: DeskStrategy, trial: Trial) {
        for place in &self.went {
            if let Some(desk) = place.desk.get() {
                // One that does not answer has told why.
                let _ = desk.try_on(before.clone(), trial).await;
            }
        }
        self.before = Some(before);
    }

    /// Returns when the trial is over on all that went over; or on one, with the reason, where that went back.
    pub async fn tried(&self) -> Option<String> {
        let mut trials = FuturesUnordered::new();
        for place in &self.went {
            if let Some(desk) = place.desk.get() {
                let (name, tried) = (place.wanted.name.clone(), desk.tried());
                trials.push(async move { tried.await.map(|reason| format!("on the desk {name}: {reason}")) });
            }
        }
        while let Some(over) = trials.next().await {
            if over.is_some() {
                return over;
            }
        }
        None
    }

    /// All that went over go back to the version before: also one whose own trial is over, or that was opened with the other
    /// meanwhile.
    pub async fn go_back(&self, reason: &str) {
        for place in &self.went {
            let _turn = place.turn.lock().await;
            if let Some(before) = &self.before {
                place.will_run(before.clone());
            }
            let Some(desk) = place.desk.get() else { continue };
            // One that does not answer has told why.
            if let (Ok(false), Some(before)) = (desk.go_back(reason).await, &self.before) {
                // Nothing comes of it where it has gone back by itself.
                let _ = desk.take_over(before.clone(), None).await;
            }
        }
    }

    /// The component of what they go back to.
    pub fn before_trial(&self) -> Option<Digest> {
        self.before.as_ref()?.id.digest
    }

    /// The version has shown enough.
    pub async fn settle(&self) {
        for place in &self.went {
            if let Some(desk) = place.desk.get() {
                let _ = desk.settle().await;
            }
        }
    }
}

/// It has not stopped.
fn trades(desk: &Desk) -> bool {
    desk.view().is_ok_and(|view| view.stopped.is_none())
}

fn of(place: &Place, why: &dyn std::fmt::Display) -> String {
    format!("on the desk {}: {why}", place.wanted.name)
}

#[cfg(test)]
#[path = "versions_tests.rs"]
mod tests;
