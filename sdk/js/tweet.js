// The character's account. What is decided is carried out when the event has ended well.

import * as wit from 'puppet:tweet/tweet@0.1.1';
import { answer } from './errors.js';

// A post by its id, or by the number of a decision of this call.
const ref = (post) => (typeof post === 'number' ? { tag: 'decision', val: post } : { tag: 'id', val: post });

export const post = (text, images = []) => answer(wit.post, text, images);
export const thread = (parts) => answer(wit.thread, parts);
export const reply = (to, text, images = []) => answer(wit.reply, ref(to), text, images);
export const quote = (of, text) => answer(wit.quote, ref(of), text);
export const like = (of) => answer(wit.like, ref(of));
export const remove = (of) => answer(wit.delete, ref(of));
export const timeline = (limit = 20) => answer(wit.timeline, limit);
export const postsOf = (account, limit = 20) => answer(wit.postsOf, account, limit);
export const threadOf = (id, depth = 5) => answer(wit.threadOf, id, depth);
export const ownPosts = (limit = 20) => answer(wit.ownPosts, limit);
export const search = (query, limit = 20) => answer(wit.search, query, limit);
export const conversation = (id, limit = 20) => answer(wit.conversation, id, limit);
export const weightedLength = (text) => wit.weightedLength(text);
