/** A post: its id, or the number of a decision of this call. */
export type PostRef = string | number;

export interface Image {
  /** Of the pack's `assets/`. */
  asset: string;
  altText: string;
}

export interface PostItem {
  id: string;
  author: string;
  text: string;
  at: number;
  inReplyTo: string | null;
  quotes: string | null;
  conversation: string;
  likes: number;
  replies: number;
  quoted: number;
}

/** Decisions: each answers its number within this call. */
export function post(text: string, images?: Image[]): number;
export function thread(parts: string[]): number;
export function reply(to: PostRef, text: string, images?: Image[]): number;
export function quote(of: PostRef, text: string): number;
export function like(of: PostRef): number;
export function remove(of: PostRef): number;

/** Reads, newest first. */
export function timeline(limit?: number): PostItem[];
export function postsOf(account: string, limit?: number): PostItem[];
/** The ancestors of a post, oldest first, itself last. */
export function threadOf(id: string, depth?: number): PostItem[];
export function ownPosts(limit?: number): PostItem[];
export function search(query: string, limit?: number): PostItem[];
/** The posts of the conversation that a post is of, of the last seven days, and the post itself. */
export function conversation(id: string, limit?: number): PostItem[];
/** How much of the 280 a text takes. */
export function weightedLength(text: string): number;
