// Who it is: profile, persona, settings, mood, relationships; and what time it is.

import * as wit from 'puppet:agent/agent@0.1.0';
import { answer } from './errors.js';

export const profile = () => wit.getProfile();
export const persona = () => JSON.parse(wit.persona());
export const settings = () => JSON.parse(wit.settings());
export const now = () => wit.now();
export const localTime = (at = wit.now()) => wit.localTimeAt(at);
export const mood = () => answer(wit.getMood);
export const shiftMood = (shift, cause) =>
  answer(wit.shiftMood, { valence: 0, arousal: 0, dominance: 0, ...shift }, cause);
export const relationships = () => answer(wit.listRelationships);
export const relationship = (target) => answer(wit.getRelationship, target);
export const adjustRelationship = (target, change) =>
  answer(wit.adjustRelationship, target, { sentiment: 0, familiarity: 0, trust: 0, ...change });
