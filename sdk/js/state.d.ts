/** What was saved as JSON in this version; `fallback` where there is nothing. Another version is an error. */
export function load<T = any>(version: number, fallback?: T): T;
/** A decision: keeps a value as JSON, its keys in order. */
export function save(version: number, value: unknown): void;
export function get(): { version: number; data: Uint8Array } | null;
export function put(version: number, data: Uint8Array): void;
export function clear(): void;
