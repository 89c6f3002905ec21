/** What came back. */
export declare class Page {
  /** Of any kind: 404 is an answer, too. */
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What the host had kept of it is still right. */
  readonly isCached: boolean;
  /** Whether the status says that all is well. */
  get isOk(): boolean;
  /** The body as text; what is no UTF-8 in it becomes the replacement character. */
  get text(): string;
  /** The body as a document. Throws a CallError `invalid-answer` where it is none. */
  json(): unknown;
}

export interface Options {
  /** `accept`, `accept-language`, `content-type` and `x-…`. */
  headers?: Record<string, string>;
  /** The name of a key of the operator's. */
  credential?: string;
}

/** Asks. */
export function fetch(method: 'GET' | 'POST', url: string, options?: Options & { body?: string | Uint8Array }): Page;
/** The page at an address. */
export function get(url: string, options?: Options): Page;
/** What a service answers to a document. Refused where the pack does not run `live`: it may change something there. */
export function postJson(url: string, document: unknown, options?: { credential?: string }): Page;
