export interface Profile {
  id: string;
  name: string;
  description: string;
  handle: string;
  timezone: string;
}

export interface Mood {
  /** −1..1. */
  valence: number;
  /** 0..1. */
  arousal: number;
  /** 0..1. */
  dominance: number;
}

export interface Relationship {
  target: string;
  sentiment: number;
  familiarity: number;
  trust: number;
  interactions: number;
  lastInteraction: number | null;
  recentInteractions: string[];
  notes: string[];
}

export interface RelationshipChange {
  sentiment?: number;
  familiarity?: number;
  trust?: number;
  interaction?: string;
  note?: string;
}

export function profile(): Profile;
/** The persona (docs/reference/persona.md). */
export function persona(): any;
/** `[settings]` of the pack. */
export function settings(): any;
/** The time of the event, in milliseconds since 1970, UTC. */
export function now(): number;
export function localTime(at?: number): {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  weekday: number;
};
export function mood(): Mood;
/** A decision. */
export function shiftMood(shift: Partial<Mood>, cause: string): void;
export function relationships(): Relationship[];
export function relationship(target: string): Relationship | null;
/** A decision. */
export function adjustRelationship(target: string, change: RelationshipChange): void;
