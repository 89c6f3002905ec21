export type Kind = 'core' | 'event' | 'interaction' | 'general' | 'post' | 'tweet';
export type Trust = 'own' | 'host' | 'stranger';

export interface Options {
  kind?: Kind;
  /** 0..1. */
  importance?: number;
  /** −1..1. */
  valence?: number;
  associations?: string[];
  metadata?: Record<string, string>;
  author?: string;
  trust?: Trust;
}

export interface Item {
  id: string;
  kind: Kind;
  content: string;
  at: number;
  importance: number;
  valence: number;
  associations: string[];
  metadata: [string, string][];
  author: string | null;
  trust: Trust;
  pinned: boolean;
}

/** Decisions. */
export function remember(content: string, options?: Options): string;
/** What a stranger said, kept as such. */
export function saidBy(author: string, content: string, options?: Options): string;
export function supersede(id: string, content: string, options?: Options): string;
export function forget(id: string): void;
export function pin(id: string, pinned?: boolean): void;

/** Reads. */
export function recall(
  text: string,
  options?: { kinds?: Kind[]; limit?: number; method?: 'blended' | 'keyword'; follow?: boolean },
): { item: Item; score: number }[];
export function recent(kinds?: Kind[], limit?: number): Item[];
