//! Other versions of a strategy on the desks that trade by its pack: shown to all of them, then on all of them or on none.

use futures::{StreamExt as _, stream::FuturesUnordered};
use puppet_backtest::StrategyId;
use puppet_engine::swap::Shadow;
use puppet_trade::{Desk, DeskError, DeskStrategy, Trial};
use puppet_types::{Breach, Digest, PackId};

use super::{floor::Floor, place::Place};

/// The desks whose strategy was asked for by a pack's name.
pub struct Trading {
    places: Vec<Place>,
    /// What was to trade on them before.
    before: Option<DeskStrategy>,
}

impl Floor {
    /// Those of a pack.
    pub fn trading(&self, pack: &PackId) -> Trading {
        let places = self.all().into_iter().filter(|place| place.asked() == Some(pack.as_str()));
        Trading { places: places.collect(), before: None }
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

    /// Returns when each is open, or has failed to.
    pub async fn open(&self) {
        for place in &self.places {
            // The sender is here.
            let _ = place.is_opening.subscribe().wait_for(|is_opening| !is_opening).await;
        }
    }

    /// Shows a version what those that run were told. Answers why it cannot trade on one of them.
    pub async fn shadow(&self, next: &DeskStrategy) -> Result<Shadow, String> {
        let mut all = Shadow::default();
        for place in &self.places {
            let Some(desk) = place.desk.get().filter(|desk| trades(desk)) else { continue };
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

    /// Lets a version take over on all of them. One that is being opened opens with it. On trial it is all or none: where one
    /// refuses, the others go back.
    pub async fn take_over(&mut self, next: &DeskStrategy, trial: Option<Trial>) -> Result<(), String> {
        self.before = self.places.first().and_then(Place::strategy);
        let mut refused = Ok(());
        for place in &self.places {
            let _turn = place.turn.lock().await;
            if let Some(desk) = place.desk.get().filter(|desk| trades(desk)) {
                let swapped = desk.take_over(next.clone(), trial).await;
                // What else goes wrong is the desk's own, which it tells.
                if let Err(error @ (DeskError::Plan(_) | DeskError::Strategy(_))) = swapped {
                    refused = Err(of(place, &error));
                    if trial.is_some() {
                        break;
                    }
                    continue;
                }
            }
            place.will_run(next.clone());
        }
        if let (Err(reason), Some(_)) = (&refused, trial) {
            self.go_back(reason).await;
        }
        refused
    }

    /// What they go back to, where they were opened within a trial.
    pub async fn before(&self) -> Option<StrategyId> {
        for place in &self.places {
            if let Some(before) = place.desk.get().and_then(|desk| desk.before()) {
                return Some(before);
            }
        }
        None
    }

    /// The trial begins anew, with a way back.
    pub async fn try_on(&mut self, before: DeskStrategy, trial: Trial) {
        for place in &self.places {
            if let Some(desk) = place.desk.get() {
                // One that does not answer has told why.
                let _ = desk.try_on(before.clone(), trial).await;
            }
        }
        self.before = Some(before);
    }

    /// Returns when the trial is over on all of them; or on one, with the reason, where that went back.
    pub async fn tried(&self) -> Option<String> {
        let mut trials = FuturesUnordered::new();
        for place in &self.places {
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

    /// All of them go back to the version before.
    pub async fn go_back(&self, reason: &str) {
        for place in &self.places {
            let _turn = place.turn.lock().await;
            if let Some(before) = &self.before {
                place.will_run(before.clone());
            }
            if let Some(desk) = place.desk.get() {
                // One that has gone back already says so; one that does not answer has told why.
                let _ = desk.go_back(reason).await;
            }
        }
    }

    /// The component of what they go back to.
    pub fn before_trial(&self) -> Option<Digest> {
        self.before.as_ref()?.id.digest
    }

    /// The version has shown enough.
    pub async fn settle(&self) {
        for place in &self.places {
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
